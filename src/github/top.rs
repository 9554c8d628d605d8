//! The top of a repository: what its folders and files there are called.

use serde::Deserialize;

use super::{GithubError, Repository};

/// Names at the top of the default branch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Top {
    pub folders: Vec<String>,
    pub files: Vec<String>,
}

impl Repository<'_> {
    /// Lists the top of the default branch: `GET /repos/{owner}/{repo}/contents`, at most 1,000 entries. An empty
    /// repository has none.
    ///
    /// # Errors
    /// As for any read.
    pub async fn top(&self) -> Result<Top, GithubError> {
        let listed: Result<Vec<Entry>, _> = self.get("/contents", self.what("list its top".to_owned())).await;
        let mut top = Top::default();
        let entries = match listed {
            Ok(entries) => entries,
            Err(GithubError::Gone { .. }) => return Ok(top),
            Err(error) => return Err(error),
        };
        for Entry { name, kind } in entries {
            match kind.as_str() {
                "dir" => top.folders.push(name),
                "file" => top.files.push(name),
                _ => {}
            }
        }
        Ok(top)
    }
}

#[derive(Deserialize)]
struct Entry {
    name: String,
    #[serde(rename = "type")]
    kind: String,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::github::Step;
    use crate::github::testing::{Fake, NOW, Reply, Seen, TestError};

    #[tokio::test]
    async fn the_top_tells_folders_from_files_and_an_empty_repository_has_none() -> Result<(), TestError> {
        let whole = json!([
            {"name": "src", "type": "dir"}, {"name": "Cargo.toml", "type": "file"},
            {"name": "link", "type": "symlink"}, {"name": "other", "type": "submodule"},
        ]);
        let expected = Top { folders: vec!["src".to_owned()], files: vec!["Cargo.toml".to_owned()] };
        for (status, body, expected) in [(200, whole, expected), (404, json!({}), Top::default())] {
            let script =
                move |seen: &Seen| (seen.line == "GET /repos/acme/tool/contents").then(|| Reply::new(status, &body));
            let fake = Fake::start(script).await?;
            let app = fake.app()?;
            assert_eq!(app.repository(&fake.at, Step::Read, NOW).top().await, Ok(expected));
        }
        Ok(())
    }
}
