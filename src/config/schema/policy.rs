//! `.github/assentry.toml` as a schema.
#![expect(dead_code, reason = "these types are looked at by the schema's generator and never made")]

use std::collections::BTreeMap;

use schemars::JsonSchema;

/// What a repository decides for itself: .github/assentry.toml on its default branch. Every key may be left out.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Policy {
    /// The kinds of runs; the first one whose label was put counts. Without any, the server's label starts the usual one.
    #[schemars(length(max = 20))]
    profile: Vec<Profile>,
    /// Who may ask for a run; they need write access all the same. Without it, everyone with write access.
    trigger: Trigger,
    /// What an approval needs.
    approval: Approval,
    /// How plans are written.
    plan: PlanTable,
    /// How plans are executed.
    execute: Execute,
    /// What follows where the work leaves the plan.
    deviations: Deviations,
    /// What is done about what people say of the work.
    review: Review,
}

/// One kind of run.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
struct Profile {
    /// The label that asks for it.
    #[schemars(length(min = 1, max = 50))]
    label: String,
    /// Which of the server's models do the work, by the names that its configuration gives them.
    model: Models,
    /// The plan template, by its name below plan.template.
    template: String,
    /// What an approval grants to the execution; at most what the server grants.
    budget: Limits,
    /// What this profile asks for otherwise than the table approval.
    approval: Approval,
}

/// Names of models.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
struct Models {
    /// Writes and revises plans.
    plan: String,
    /// Executes them.
    execute: String,
}

/// What may be used; whichever ends first ends the work.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Limits {
    /// Answers of the model.
    #[schemars(range(min = 1))]
    turns: u32,
    /// Tokens read and written.
    #[schemars(range(min = 1000))]
    tokens: u64,
    /// Money, such as "2.50".
    #[schemars(regex(pattern = r"^[0-9]{1,9}(\.[0-9]{1,6})?$"))]
    dollars: String,
    /// Minutes.
    #[schemars(range(min = 1))]
    minutes: u32,
}

/// Who may ask for a run; one of the lists is enough.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
struct Trigger {
    /// Accounts, as login = numeric id.
    users: BTreeMap<String, u64>,
    /// Teams, as organisation/team.
    teams: Vec<String>,
    /// The least role in the repository that is enough without being listed.
    role: Role,
    /// Bots that may ask, as login = numeric id.
    bots: BTreeMap<String, u64>,
}

/// What an approval needs.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
struct Approval {
    /// How many different people must approve.
    #[schemars(range(min = 1, max = 20))]
    required: u32,
    /// Whether someone who asked for a version may approve it.
    separation: Separation,
    /// Whether /approve must name the digest.
    require_digest: bool,
    /// How long an approval holds before the work starts, from 1h to 30d.
    expires: String,
    /// Who may approve; one of the lists is enough. Bots never may.
    by: People,
    /// Where more is asked; of all that fit the strictest wins.
    tier: Vec<Tier>,
}

/// A list of people.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
struct People {
    /// Accounts, as login = numeric id.
    users: BTreeMap<String, u64>,
    /// Teams, as organisation/team.
    teams: Vec<String>,
    /// The least role in the repository that is enough without being listed.
    role: Role,
}

/// A role in a repository.
#[derive(JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Role {
    Write,
    Maintain,
    Admin,
}

/// More is asked of plans that one of the conditions fits.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
struct Tier {
    /// The plan may change a path that one of these patterns fits.
    paths: Vec<String>,
    /// The plan may change more files than this.
    over_files: u32,
    /// The plan may write more bytes than this.
    over_bytes: u64,
    /// The plan will probably cost more than this, such as "5.00".
    #[schemars(regex(pattern = r"^[0-9]{1,9}(\.[0-9]{1,6})?$"))]
    over_dollars: String,
    /// How many different people must approve then.
    #[schemars(range(min = 1, max = 20))]
    required: u32,
    /// Whether someone who asked for a version may approve it then.
    separation: Separation,
}

/// Whether someone who asked for a version may also approve it.
#[derive(JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Separation {
    /// Two persons wherever two can write; otherwise open.
    Auto,
    /// Yes.
    Open,
    /// No: another person must.
    TwoPerson,
    /// No, and every planned path needs an approval by a code owner of it.
    Owners,
}

/// How plans are written.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
struct PlanTable {
    /// What the planner is told besides its own instructions.
    instructions: String,
    /// Whether the planner reads comments of people without write access.
    outsiders: Outsiders,
    /// How many revisions in a row are made of what people remark, before a person must ask for the next.
    #[schemars(range(min = 1, max = 15))]
    rounds: u32,
    /// Kinds of plans that profiles can choose, by name.
    template: BTreeMap<String, Template>,
}

/// What becomes of the words of people without write access.
#[derive(JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Outsiders {
    /// The planner reads them, marked as theirs.
    Include,
    /// The planner does not read them.
    LeaveOut,
}

/// A kind of plan.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
struct Template {
    /// What the planner is told besides.
    instructions: String,
    /// What the plan's approach must speak of, each in a paragraph that begins with the word.
    sections: Vec<String>,
}

/// What follows where the work leaves the plan, by kind.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
struct Deviations {
    /// A detail is done by other means, in the same files. Usually record.
    minor: Response,
    /// A file inside the scope changes that the step does not list. Usually record.
    extra_file: Response,
    /// A step turns out to be needless. Usually record.
    not_needed: Response,
    /// A step cannot be done. Usually stop.
    not_possible: Response,
    /// The plan rests on something that is not so. Usually stop; never record.
    plan_is_wrong: Response,
}

/// What follows from a deviation.
#[derive(JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Response {
    /// It is written down and told with the work.
    Record,
    /// The work rests until a person lets it go on.
    Ask,
    /// The work stops, and the next version of the plan is written from what was learnt.
    Stop,
}

/// What is done by itself about what people say of the work, once its pull request is open.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
struct Review {
    /// How many follow-ups in a row are made of reviews and comments, before a person must ask for the next with `/fix`.
    #[schemars(range(min = 0, max = 15))]
    rounds: u32,
    /// How many follow-ups in a row are made because checks of others are red.
    #[schemars(range(min = 0, max = 10))]
    ci_fixes: u32,
}

/// How plans are executed.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
struct Execute {
    /// Commands that prepare the checkout before the work begins; they run once for each base commit.
    set_up: Vec<String>,
    /// The root file system in which all commands of an execution run, as sha256: and the digest of its archive, which the
    /// operator keeps in sandbox.images; without it, the system of the host.
    image: String,
    /// Hosts that these commands may fetch from, by GET and through the server; its configuration must list them too.
    hosts: Vec<String>,
    /// Commands that every run must pass, besides those of its plan.
    checks: Vec<String>,
    /// Paths that a plan may change only where it names them exactly and says that it changes protected files.
    protected: Vec<String>,
}
