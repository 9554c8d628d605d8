//! What a repository may write, and what is said when it is wrong.
#![expect(clippy::unwrap_used, reason = "a test stops where it breaks")]

use super::*;
use crate::workflow::deviation::Response;
use crate::workflow::plan::{Estimate, Plan, Scope};

const EXAMPLE: &str = include_str!("../../../deploy/assentry.repository.example.toml");

fn bounds() -> Bounds {
    Bounds {
        label: "assentry".to_owned(),
        required: 1,
        separation: Separation::Auto,
        require_digest: None,
        denied: vec![],
        budget: Budget { turns: 150, tokens: 10_000_000, micro_dollars: 10_000_000, minutes: 60 },
        models: vec!["deep".to_owned(), "fast".to_owned()],
        hosts: vec!["packages.example".to_owned()],
        images: Images::Kept,
        agent: None,
        agents: vec![("deep".to_owned(), "claude".to_owned())],
    }
}

fn parse(text: &str) -> Result<Policy, Vec<String>> {
    let read = Policy::parse(text, &bounds(), Visibility::Private);
    read.map_err(|mistakes| mistakes.iter().map(Mistake::to_string).collect())
}

fn plan_for(paths: &[&str], max_files: u32, max_bytes: u64) -> Plan {
    Plan {
        title: "Rename".to_owned(),
        goal: "One name.".to_owned(),
        findings: vec![],
        approach: "By hand.".to_owned(),
        alternatives: vec![],
        steps: vec![],
        checks: vec![],
        scope: Scope {
            paths: paths.iter().map(|path| (*path).to_owned()).collect(),
            max_files,
            max_bytes,
            dependencies: false,
            protected: false,
        },
        out_of_scope: vec![],
        risks: vec![],
        questions: vec![],
        estimate: Estimate { tokens: 1, minutes: 1 },
    }
}

#[test]
fn the_example_is_sound_and_says_what_it_says() {
    let policy = parse(EXAMPLE).unwrap();
    assert_eq!(policy.profiles.iter().map(|p| p.label.as_str()).collect::<Vec<_>>(), ["assentry", "assentry-infra"]);
    let infra = &policy.profiles[1];
    assert_eq!((infra.plan_model.as_deref(), infra.template.as_deref()), (Some("deep"), Some("infra")));
    assert_eq!(infra.budget, Budget { turns: 80, tokens: 1_000_000, micro_dollars: 2_000_000, minutes: 30 });
    assert_eq!((infra.approval.required, infra.approval.separation), (2, Separation::TwoPerson));
    // What a profile does not say is what [approval] says.
    assert_eq!(infra.approval.by, policy.profiles[0].approval.by);
    assert_eq!(infra.approval.tiers.len(), 2);
    assert!(policy.lets_bot_ask(UserId(29_139_614)) && !policy.lets_bot_ask(UserId(583_231)));
    assert_eq!(policy.template(infra).unwrap().sections, ["Rollout", "Rollback"]);
    assert_eq!(policy.execute.checks, ["make lint"]);
    assert_eq!(policy.deviations, Responses { extra_file: Response::Ask, ..Responses::default() });
}

#[test]
fn what_follows_from_a_deviation_is_one_of_three_and_a_wrong_plan_is_never_only_recorded() {
    let all = parse("[deviations]\nminor = 'ask'\nextra_file = 'stop'\nnot_possible = 'record'").unwrap().deviations;
    assert_eq!(all.all(), [Response::Ask, Response::Stop, Response::Record, Response::Record, Response::Stop]);
    for (text, told) in [
        ("[deviations]\nminor = 'ignore'", "deviations.minor: must be record, ask or stop"),
        ("[deviations]\nplan_is_wrong = 'record'", "deviations.plan_is_wrong: must be ask or stop"),
        ("[deviations]\ngrave = 'stop'", "deviations.grave"),
    ] {
        let said = parse(text).unwrap_err();
        assert!(said.len() == 1 && said[0].starts_with(&format!("line 2: {told}")), "{said:?}");
    }
}

#[test]
fn an_empty_policy_is_the_operators_word() {
    for visibility in [Visibility::Public, Visibility::Private] {
        let empty = Policy::parse("", &bounds(), visibility).unwrap();
        assert_eq!(empty, Policy::of_the_server(&bounds(), visibility));
        assert_eq!(empty.profiles[0].approval.require_digest, visibility == Visibility::Public);
    }
}

#[test]
fn all_mistakes_are_told_at_once_each_with_the_remedy() {
    let text = "\
[[profile]]
label = 'a'
model = { plan = 'gpt', exec = 'deep' }
template = 'none'
[[profile]]
budget = { dollars = '10.01', turns = 151 }
[[profile]]
label = 'A'
[approvals]
[approval]
separation = 'owner'
require_digest = 'yes'
expires = '31d'
[approval.by]
users = { ann = '583231', 'dependabot[bot]' = 49699333, bob = 0 }
teams = ['security']
role = 'read'
[[approval.tier]]
over_files = 3
[[approval.tier]]
required = 2
paths = ['/etc']
[plan]
rounds = 0
outsiders = 'no'
[plan.template.x]
[execute]
checks = [\"a\\nb\"]
";
    let told = parse(text).unwrap_err();
    let expected = [
        "line 3: profile[0].model.plan: \"gpt\" is not a model of this server: it has deep, fast",
        "line 3: profile[0].model.exec: there is no such key: did you mean `execute`?",
        "line 4: profile[0].template: there is no template \"none\": write [plan.template.none] with instructions",
        "line 5: profile[1]: has no label: write label = \"…\", the label that asks for such a run",
        "line 6: profile[1].budget.turns: must be at most 150: the server's own configuration (limits.execute.turns)",
        "line 6: profile[1].budget.dollars: must be at most \"10.00\": the server's own configuration",
        "line 8: profile[2].label: another profile has the label \"A\", so this one would never count",
        "line 9: approvals: there is no such key: did you mean `approval`?",
        "line 11: approval.separation: must be auto, open",
        "line 12: approval.require_digest: is a string, and must be true or false, without quotes",
        "line 13: approval.expires: \"31d\" must be a time such as 12h or 7d, from 1h to 30d",
        "line 15: approval.by.users: ann needs its numeric id, as in ann = 583231: the field `id` of https://api.github",
        "line 15: approval.by.users: bob needs its numeric id",
        "line 15: approval.by.users: dependabot[bot] is a bot, and a bot is nobody's approver: remove it",
        "line 16: approval.by.teams: \"security\" must be a team as organisation/team",
        "line 17: approval.by.role: \"read\" must be write, maintain or admin: the least that is enough",
        "line 18: approval.tier[0]: asks for nothing more: say what by required or separation",
        "line 22: approval.tier[1].paths: \"/etc\" is not a path pattern: it must be relative",
        "line 24: plan.rounds: must be a whole number from 1 to 15, without quotes",
        "line 25: plan.outsiders: must be include or leave-out",
        "line 26: plan.template.x: says nothing: write instructions or sections",
        "line 28: execute.checks: must be a command of one line, at most 500 bytes",
    ];
    assert_eq!(told.len(), expected.len(), "{told:#?}");
    for (told, expected) in told.iter().zip(expected) {
        assert!(told.starts_with(expected), "{told}\n{expected}");
    }
}

#[test]
fn less_than_the_server_asks_for_is_refused() {
    let strict = Bounds { required: 2, separation: Separation::TwoPerson, require_digest: Some(true), ..bounds() };
    let text = "\
[approval]
required = 1
separation = 'auto'
require_digest = false
[[approval.tier]]
paths = ['**']
separation = 'open'
[[profile]]
label = 'x'
[profile.approval]
required = 1
";
    let told = Policy::parse(text, &strict, Visibility::Private).unwrap_err();
    let keys: Vec<&str> = told.iter().map(|mistake| mistake.key.as_str()).collect();
    assert_eq!(
        keys,
        [
            "approval.required",
            "approval.separation",
            "approval.require_digest",
            "approval.tier[0].separation",
            "profile[0].approval.required"
        ]
    );
    assert_eq!(
        told[1].what,
        "must be two-person or stricter: the server's own configuration (approval.separation) asks for that"
    );
    let public = Policy::parse("[approval]\nrequire_digest = false\n", &bounds(), Visibility::Public);
    assert!(public.is_err());
    assert!(parse("[approval]\nrequire_digest = false\n").is_ok());
}

#[test]
fn of_all_tiers_that_fit_the_strictest_wins() {
    let text = "\
[approval]
required = 1
[[approval.tier]]
paths = ['infra/**']
required = 3
[[approval.tier]]
over_files = 10
required = 2
separation = 'two-person'
[[approval.tier]]
over_dollars = '1.00'
separation = 'two-person'
[[approval.tier]]
over_bytes = 1000
required = 4
";
    let policy = parse(text).unwrap();
    let rules = |plan: &Plan, cost| {
        let rules = policy.profiles[0].rules(plan, cost);
        (rules.required, rules.separation)
    };
    let cheap = Some(0);
    assert_eq!(rules(&plan_for(&["src/a.rs"], 10, 1000), cheap), (1, Separation::Auto));
    assert_eq!(rules(&plan_for(&["src/a.rs", "infra/x"], 1, 1000), cheap), (3, Separation::Auto));
    // What the plan may change counts: this one may change everything.
    assert_eq!(rules(&plan_for(&["**"], 1, 1000), cheap), (3, Separation::Auto));
    assert_eq!(rules(&plan_for(&["**"], 11, 1000), cheap), (3, Separation::TwoPerson));
    assert_eq!(rules(&plan_for(&["a"], 11, 1000), cheap), (2, Separation::TwoPerson));
    assert_eq!(rules(&plan_for(&["a"], 1, 1001), cheap), (4, Separation::Auto));
    assert_eq!(rules(&plan_for(&["a"], 1, 1), Some(1_000_001)), (1, Separation::TwoPerson));
    // Nobody knows what it costs: that is not cheap.
    assert_eq!(rules(&plan_for(&["a"], 1, 1), None), (1, Separation::TwoPerson));
}

#[test]
fn a_label_finds_its_profile_whatever_its_case_and_the_first_profile_wins() {
    let policy = parse("[[profile]]\nlabel = 'One'\n[[profile]]\nlabel = 'two'\n").unwrap();
    let label = |labels: &[&str]| policy.profile_of(labels).map(|profile| profile.label.as_str());
    assert_eq!(label(&["bug", "TWO"]), Some("two"));
    assert_eq!(label(&["two", "one"]), Some("One"));
    assert_eq!(label(&["assentry"]), None);
    assert_eq!(policy.profile_or_first(Some("gone")).label, "One");
}

#[test]
fn a_broken_policy_still_says_whom_to_tell() {
    let text = "[[profile]]\nlabel = 'one'\nmodl = 3\n[[profile]]\nlabel = 'two'\n[approval\n";
    assert_eq!(Policy::labels_of_broken(text, &bounds()), ["one", "two", "assentry"]);
}

#[test]
fn what_is_too_long_is_refused_unread() {
    let told = parse(&"#".repeat(70_000)).unwrap_err();
    assert_eq!(told, ["is longer than 65536 bytes: shorten it"]);
}

#[test]
fn an_image_is_named_by_its_digest_and_only_where_the_server_has_images() {
    let named = |image: &str| format!("[execute]\nimage = {image:?}\n");
    let digest = "0a".repeat(32);
    let read = parse(&named(&format!("sha256:{digest}"))).map(|policy| policy.execute.image);
    assert_eq!(read, Ok(Some(digest.parse().unwrap())));
    for bad in [digest.as_str(), "sha256:", "sha512:0a", "debian:13", &format!("sha256:{}", digest.to_uppercase())] {
        let why = parse(&named(bad)).unwrap_err();
        assert!(why.len() == 1 && why[0].contains("sha256:"), "{bad}: {why:?}");
    }
    let image = named(&format!("sha256:{digest}"));
    let refused = |text: &str, bounds: Bounds| {
        let refused = Policy::parse(text, &bounds, Visibility::Private).unwrap_err();
        refused.iter().map(Mistake::to_string).collect::<Vec<_>>().join("\n")
    };
    let none = Bounds { images: Images::None, ..bounds() };
    assert!(refused(&image, none.clone()).starts_with("line 2: execute.image: this server has no images"));
    assert!(refused(&image, none.without_namespaces()).contains("this server has no images"));
    let said = refused(&image, bounds().without_namespaces());
    assert!(said.contains("execute.image: this server cannot use an image: its walls are landlock alone"), "{said}");

    // An agent of others is a program of the host.
    let by_an_agent = Bounds { agent: Some("codex".to_owned()), ..bounds() };
    let said = refused(&image, by_an_agent.clone());
    assert!(
        said.starts_with("line 2: execute.image: cannot be used with codex, which executes for the label"),
        "{said}"
    );
    let with = |model: &str| format!("{image}[[profile]]\nlabel = 'one'\nmodel = {{ execute = {model:?} }}\n");
    assert!(Policy::parse(&with("fast"), &by_an_agent, Visibility::Private).is_ok());
    assert!(
        refused(&with("deep"), bounds()).contains("cannot be used with claude, which executes for the label \"one\"")
    );
}
