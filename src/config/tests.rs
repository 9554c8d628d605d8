//! What an operator may write, and what is said when it is wrong.
#![expect(clippy::unwrap_used, reason = "a test stops where it breaks")]

use std::io;
use std::path::Path;
use std::sync::LazyLock;

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use base64::Engine as _;
use secrecy::ExposeSecret as _;

use super::*;

/// A key as GitHub generates them, of this test run.
static KEY: LazyLock<String> = LazyLock::new(|| {
    let key = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let der: aws_lc_rs::encoding::Pkcs8V1Der<'_> = key.as_der().unwrap();
    let text = base64::engine::general_purpose::STANDARD.encode(der.as_ref());
    format!("-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----\n")
});

const FOUR: &str = "[github]\napp_id = 123456\nprivate_key_file = 'private-key.pem'\n\
    webhook_secret_file = 'webhook-secret'\n[model]\napi_key_file = 'model-key'\n";

/// A folder with the files that an operator has.
fn read(path: &Path) -> io::Result<String> {
    match path.strip_prefix("/etc/assentry").ok().and_then(Path::to_str) {
        Some("private-key.pem") => Ok(KEY.clone()),
        Some("webhook-secret" | "webhook-secret.old" | "model-key" | "other-key") => {
            Ok(format!("canary of {}\n", path.display()))
        }
        Some("empty") => Ok("\n".to_owned()),
        _ => Err(ErrorKind::NotFound.into()),
    }
}

fn parse_with(text: &str, variables: &[(&str, &str)]) -> Result<Config, Vec<String>> {
    let env = |name: &str| variables.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned());
    let around = Surroundings { folder: "/etc/assentry".into(), env: &env, read: &read };
    Config::parse(text, &around).map_err(|mistakes| mistakes.iter().map(Mistake::to_string).collect())
}

fn parse(text: &str) -> Result<Config, Vec<String>> {
    parse_with(text, &[])
}

#[test]
fn four_values_are_enough() {
    let config = parse(FOUR).unwrap();
    assert_eq!(config.github.app_id, 123_456);
    assert_eq!(config.github.webhook_secrets[0].expose_secret(), "canary of /etc/assentry/webhook-secret");
    assert_eq!(config.models.plan.model.api_key.expose_secret(), "canary of /etc/assentry/model-key");
    assert_eq!(config.server.database_url.expose(), "/etc/assentry/data/assentry.db");
    assert_eq!(config.trigger_label, "assentry");
}

#[test]
fn the_four_values_may_come_from_the_environment() {
    let variables = [
        ("ASSENTRY_PRIVATE_KEY", KEY.as_str()),
        ("ASSENTRY_WEBHOOK_SECRET", "s"),
        ("ASSENTRY_OLD_WEBHOOK_SECRET", "o"),
        ("ANTHROPIC_API_KEY", "k"),
    ];
    let config = parse_with("[github]\napp_id = 1\n", &variables).unwrap();
    let secrets: Vec<&str> = config.github.webhook_secrets.iter().map(|s| s.expose_secret()).collect();
    assert_eq!((secrets, config.models.execute.model.api_key.expose_secret()), (vec!["s", "o"], "k"));
}

#[test]
fn the_example_holds_the_defaults() {
    let example = include_str!("../../deploy/assentry.example.toml");
    let from_example = parse_with(example, &[("ANTHROPIC_API_KEY", "k")]).unwrap();
    assert_eq!(format!("{from_example:#?}"), format!("{:#?}", parse(FOUR).unwrap()));
    assert_eq!(from_example.models.plan.model.api_key.expose_secret(), "k");
}

#[test]
fn every_key_of_the_example_that_is_commented_out_is_known() {
    let example = include_str!("../../deploy/assentry.example.toml");
    let all: Vec<String> = example
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(key) if key.split(' ').nth(1) == Some("=") => key.to_owned(),
            _ => line.to_owned(),
        })
        .collect();
    let config = parse_with(&all.join("\n"), &[("ANTHROPIC_API_KEY", "k")]).unwrap();
    assert_eq!(config.models.plan.model.price.map(|p| p.cache_write), Some(3_750_000));
    assert_eq!(config.models.plan.fallback.as_deref(), Some("deep"));
    assert_eq!(config.models.revise.fallback, None);
    assert_eq!(config.github.webhook_secrets.len(), 2);
    assert_eq!(config.models.allowed.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["deep"]);
    assert_eq!(config.sandbox.environment, [("GOFLAGS".to_owned(), "-mod=vendor".to_owned())]);
}

#[test]
fn nothing_at_all_is_told_with_every_remedy() {
    assert_eq!(
        parse("").unwrap_err(),
        [
            "github.app_id: is missing: write the App ID from the App's settings page",
            "github.private_key_file: the App's private key is missing: name its file here, or set \
             ASSENTRY_PRIVATE_KEY",
            "github.webhook_secret_file: the webhook secret is missing: name its file here, or set \
             ASSENTRY_WEBHOOK_SECRET",
            "model.api_key_file: the model's key is missing: name its file here, or set ANTHROPIC_API_KEY",
        ]
    );
}

#[test]
fn all_mistakes_are_told_at_once() {
    let text = "[github]\napp_id = '12'\nprivate_key_file = 'webhook-secret'\nwebhook_secret_file = 'empty'\n\
        webhook_secret = 'inline'\nrepositories = ['ann/*', 'ann']\napi_url = 'https://u:p@ghe.test/api/v3'\n\
        [model]\napi_key_file = 'gone'\nprovider = 'antropic'\nprice = { input = '3', output = 5 }\n\
        [limits]\nruns_per_day = 0\nruns_per_person_per_day = '5'\n[limits.plan]\ndollars = 2.5\nturns = 0\n[sandbox]\nread_only = ['opt']\n[log]\nfilter = 'a=b=c'\n\
        [triger]\nlabel = 'x'\n";
    let told = parse(text).unwrap_err();
    let expected = [
        "line 2: github.app_id: must be a whole number from 1",
        "line 3: github.private_key_file: is not the App's private key: generate one",
        "line 4: github.webhook_secret_file: /etc/assentry/empty is empty: put the secret there",
        "line 5: github.webhook_secret: there is no such key: did you mean `webhook_secret_file`?",
        "line 6: github.repositories: \"ann\" must be a repository as owner/name",
        "line 7: github.api_url: \"https://u:p@ghe.test/api/v3\" must be an address",
        "line 9: model.api_key_file: /etc/assentry/gone cannot be read",
        "line 10: model.provider: must be anthropic, or openai",
        "line 11: model.price.output: is an integer, and must be a text in quotes",
        "line 13: limits.runs_per_day: must be a whole number from 1 to 100000, without quotes",
        "line 14: limits.runs_per_person_per_day: must be a whole number from 1 to 100000, without quotes",
        "line 16: limits.plan.dollars: is a float, and must be a text in quotes",
        "line 17: limits.plan.turns: must be a whole number from 1 to 10000",
        "line 19: sandbox.read_only: \"opt\" must be a whole path",
        "line 21: log.filter: must be a level",
        "line 22: triger: there is no such key: did you mean `trigger`?",
        "github.web_url: is missing: a server of your own needs both",
        "model.price.cached: is missing",
        "model.price.cache_write: is missing",
    ];
    assert_eq!(told.len(), expected.len(), "{told:#?}");
    for (told, expected) in told.iter().zip(expected) {
        assert!(told.starts_with(expected), "{told}\n{expected}");
    }
}

#[test]
fn t01_an_empty_webhook_secret_is_refused() {
    let told =
        parse_with(&FOUR.replace("webhook_secret_file = 'webhook-secret'\n", ""), &[("ASSENTRY_WEBHOOK_SECRET", " ")]);
    assert_eq!(
        told.unwrap_err(),
        ["github.webhook_secret_file: ASSENTRY_WEBHOOK_SECRET is empty: put the secret there"]
    );
}

#[test]
fn t41_no_secret_is_printed() {
    let variables = [("ASSENTRY_DATABASE_URL", "postgres://u:canary@db/x"), ("ASSENTRY_OLD_WEBHOOK_SECRET", "canary")];
    let config = parse_with(FOUR, &variables).unwrap();
    let printed = format!("{config:?}");
    assert!(!printed.contains("canary") && !printed.contains("PRIVATE KEY"), "{printed}");
    let not_a_key = FOUR.replace("'private-key.pem'", "'other-key'");
    assert!(!format!("{:?}", parse(&not_a_key)).contains("canary"));
}

#[test]
fn whoever_plans_revises_and_a_fallback_is_one_of_the_allowed() {
    let with = |table: &str| parse(&format!("{FOUR}{table}"));
    let allowed = "[models.allowed.spare]\nmodel = 's'\n";
    let models = with(&format!("[models.plan]\nmodel = 'p'\nfallback = 'spare'\n{allowed}")).unwrap().models;
    let both = [&models.plan, &models.revise].map(|phase| (phase.model.model.as_str(), phase.fallback.as_deref()));
    assert_eq!(both, [("p", Some("spare")); 2]);
    let own = with("[models.plan]\nmodel = 'p'\n[models.revise]\nmodel = 'r'\n").unwrap().models;
    assert_eq!((own.plan.model.model.as_str(), own.revise.model.model.as_str()), ("p", "r"));
    let wrong = with(&format!("[models.execute]\nfallback = 'spar'\n{allowed}")).unwrap_err();
    assert_eq!(wrong.len(), 1, "{wrong:#?}");
    assert!(wrong[0].to_string().contains("there is no [models.allowed.spar]"), "{}", wrong[0]);
}

#[test]
fn what_all_models_have_in_common_is_known_where_each_phase_is_elsewhere() {
    let phases = "[models.plan]\nbase_url = 'https://gateway.test'\napi_key_file = 'other-key'\n\
        [models.execute]\nprovider = 'openai'\nbase_url = 'http://127.0.0.1:11434/v1'\nmodel = 'm'\n";
    let common = "provider = 'anthropic'\nbase_url = 'https://common.test'\nmodel = 'c'\neffort = 'low'\n\
        max_output_tokens = 900\nprice = { input = '1', cached = '1', cache_write = '1', output = '1' }\n";
    let models = parse(&format!("{FOUR}{common}{phases}")).unwrap().models;
    let keys = [&models.plan, &models.execute].map(|phase| phase.model.api_key.expose_secret());
    assert_eq!(keys, ["canary of /etc/assentry/other-key", ""]);
    assert_eq!([&models.plan, &models.execute].map(|phase| phase.model.max_output_tokens), [900, 900]);
    assert_eq!(
        parse(&format!("{FOUR}api_key_fil = 'x'\n{phases}")).unwrap_err(),
        ["line 7: model.api_key_fil: there is no such key: did you mean `api_key_file`?"]
    );

    let variable = FOUR.replace("api_key_file = 'model-key'", "api_key_env = 'UNSET'");
    assert!(parse(&format!("{variable}{phases}")).is_ok());
}

#[test]
fn a_key_is_never_sent_to_where_it_was_not_meant_for() {
    let elsewhere = |table: &str| parse_with(&format!("{FOUR}{table}"), &[("ANTHROPIC_API_KEY", "canary")]);
    let local = elsewhere("[models.execute]\nprovider = 'openai'\nbase_url = 'http://127.0.0.1:11434/v1'\nmodel = 'm'");
    let local = local.unwrap().models;
    assert_eq!((local.execute.model.api_key.expose_secret(), local.execute.model.model.as_str()), ("", "m"));
    assert_eq!(local.plan.model.api_key.expose_secret(), "canary of /etc/assentry/model-key");

    let gateway = elsewhere("[models.plan]\nbase_url = 'https://gateway.test'\n").unwrap().models;
    assert_eq!(
        (gateway.plan.model.api_key.expose_secret(), gateway.plan.model.model.as_str()),
        ("", "claude-opus-5-5")
    );
    let named = elsewhere("[models.plan]\nbase_url = 'https://gateway.test'\napi_key_file = 'other-key'\n");
    assert_eq!(named.unwrap().models.plan.model.api_key.expose_secret(), "canary of /etc/assentry/other-key");

    let vendor = elsewhere("[models.plan]\nprovider = 'openai'\n").unwrap_err();
    assert_eq!(
        vendor,
        [
            "models.plan.api_key_file: the model's key is missing: name its file here, or set OPENAI_API_KEY",
            "models.plan.model: is missing: write the model's id as the provider spells it",
        ]
    );
}

#[test]
fn t04_only_the_listed_repositories_are_served() {
    let config = parse(&FOUR.replace("[model]", "repositories = ['ann/tool', 'Org/*']\n[model]")).unwrap();
    let serves = |name: &str| config.github.serves(&name.parse().unwrap());
    assert!(serves("Ann/Tool") && serves("org/anything"));
    assert!(!serves("ann/other") && !serves("organ/x") && !serves("eve/tool"));
    assert!(parse(FOUR).unwrap().github.serves(&"eve/tool".parse().unwrap()));
}

#[test]
fn a_file_that_is_not_there_is_told_with_the_remedy() {
    let error = Config::load(Path::new("/nonexistent/assentry.toml")).unwrap_err();
    let text = error.to_string();
    assert!(
        text.starts_with("1 thing is wrong with /nonexistent/assentry.toml:\n  is not there: `assentry init`"),
        "{text}"
    );
    assert!(text.ends_with("deploy/assentry.example.toml shows every key"), "{text}");
}

#[test]
fn a_dashboard_needs_its_address_and_the_apps_client() {
    let mistakes = parse(&format!("{FOUR}[web]\ndashboard = true\n")).unwrap_err();
    assert_eq!(
        mistakes,
        [
            "line 8: web.dashboard: needs server.public_url: GitHub sends people back there after they sign in",
            "web.client_secret_file: a client secret of the App is missing: name its file here, or set \
             ASSENTRY_CLIENT_SECRET",
            "web.client_id: is missing: write the Client ID from the App's settings page",
        ]
    );
    let text = format!(
        "{FOUR}[server]\npublic_url = 'https://a.example'\n[web]\ndashboard = true\nclient_id = 'Iv1.a'\n\
         administrators = {{ ann = 7 }}\n"
    );
    let config = parse_with(&text, &[("ASSENTRY_CLIENT_SECRET", "canary")]).unwrap();
    assert!(!format!("{config:?}").contains("canary"));
    assert_eq!(config.web.dashboard.unwrap().administrators, [crate::ids::UserId(7)]);
    assert!(parse(FOUR).unwrap().web.dashboard.is_none());
}

#[test]
fn metrics_are_off_behind_a_token_or_at_an_address() {
    let metrics = |value: &str| {
        let text = format!("{FOUR}[web]\nmetrics = '{value}'\n");
        parse_with(&text, &[("ASSENTRY_METRICS_TOKEN", "canary")]).map(|config| config.web.metrics)
    };
    assert!(matches!(metrics("off").unwrap(), MetricsConfig::Off));
    assert!(matches!(metrics("token").unwrap(), MetricsConfig::Token(_)));
    assert!(matches!(metrics("127.0.0.1:9464").unwrap(), MetricsConfig::Address(at) if at.port() == 9464));
    let wrong = "line 8: web.metrics: must be off, token, or an address and a port such as 127.0.0.1:9464";
    assert_eq!(metrics("on").unwrap_err(), [wrong]);
}

#[test]
fn an_agent_is_named_where_a_model_is_and_mistakes_in_it_are_told() {
    let agents = include_str!("../../deploy/agents.example.toml");
    let config = parse(&format!("{FOUR}[models.execute]\nagent = 'claude'\n{agents}")).unwrap();
    let agent = config.models.execute.model.agent.unwrap();
    assert_eq!((agent.name.as_str(), agent.mode.as_deref()), ("claude", Some("bypassPermissions")));
    assert!(config.models.plan.model.agent.is_none());

    let text = format!(
        "{FOUR}[models.plan]\nagent = 'gone'\n[models.execute]\nagent = 'a'\nfallback = 'b'\n\
         [models.allowed.b]\nmodel = 'm'\n[agents.a]\ncommand = ['x', '{{gateway}}']\nread_only = ['x', '/work/agents']\n\
         environment = {{ low = '1' }}\nmodes = 'x'\n"
    );
    assert_eq!(
        parse(&text).unwrap_err(),
        [
            "line 8: models.plan.agent: there is no [agents.gone]; it takes the name of one of these",
            "line 11: models.execute.fallback: an agent keeps to one model: leave out fallback or agent",
            "line 14: agents.a: does not tell the agent with which key: write {token} into the variable or argument that \
             takes the key",
            "line 16: agents.a.read_only: \"x\" must be a whole path, beginning with /",
            "line 16: agents.a.read_only: \"/work/agents\" would be hidden by the sandbox's own /work: put it elsewhere",
            "line 17: agents.a.environment: \"low\" must be a name of capital letters, digits and _",
            "line 18: agents.a.modes: there is no such key: did you mean `mode`?",
        ]
    );
}
