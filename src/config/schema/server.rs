//! The operator's `assentry.toml` as a schema.
#![expect(dead_code, reason = "these types are looked at by the schema's generator and never made")]

use std::collections::BTreeMap;

use schemars::JsonSchema;

use super::policy::{Limits, Separation};

/// What the operator of a server decides. github.app_id is needed, and the secrets by file or environment.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Server {
    /// The App.
    github: Github,
    /// What all models have in common.
    model: Model,
    /// Which model does what.
    models: Models,
    /// Agents that are not the house's own, by the operator's names for them.
    agents: BTreeMap<String, Agent>,
    /// Where the server listens.
    server: Listen,
    /// What people and collectors see in a browser.
    web: Web,
    /// Where the database is.
    database: Database,
    /// Where mirrors and checkouts are.
    data: Data,
    /// What starts a run.
    trigger: Trigger,
    /// How people spell commands.
    commands: Commands,
    /// What an approval needs, at least; a repository's policy may ask for more.
    approval: Approval,
    /// How plans are revised.
    plan: PlanTable,
    /// How long is waited.
    timing: Timing,
    /// What is shown on GitHub beside the status comment.
    show: Show,
    /// Whom the server tells of each phase of a run, by names of your choice.
    hooks: BTreeMap<String, Hook>,
    /// What runs may use, at most.
    limits: LimitsTable,
    /// Where strangers' commands run.
    sandbox: Sandbox,
    /// How long is kept what only serves to look into a run.
    retention: Retention,
    /// Where traces go.
    telemetry: Telemetry,
    /// What is logged.
    log: Log,
}

/// The App.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
struct Github {
    /// The App ID from the App's settings page.
    #[schemars(range(min = 1))]
    app_id: u64,
    /// The file with the App's private key; or ASSENTRY_PRIVATE_KEY in the environment.
    private_key_file: String,
    /// The file with the webhook secret; or ASSENTRY_WEBHOOK_SECRET.
    webhook_secret_file: String,
    /// The file with the webhook secret before a change; or ASSENTRY_OLD_WEBHOOK_SECRET.
    old_webhook_secret_file: String,
    /// Where the REST API is.
    api_url: String,
    /// Where the web pages are.
    web_url: String,
    /// The repositories that are served, as owner/name or owner/*; without it, all that the App is installed on.
    repositories: Vec<String>,
}

/// A model and how to reach it.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
struct Model {
    /// Whose wire the address speaks.
    provider: Provider,
    /// The model's id as the provider spells it.
    model: String,
    /// The address below which the provider's paths begin.
    base_url: String,
    /// The file with the key.
    api_key_file: String,
    /// The variable of the environment with the key.
    api_key_env: String,
    /// How hard to think.
    effort: Effort,
    /// The most tokens one answer may have.
    #[schemars(range(min = 256, max = 1_000_000))]
    max_output_tokens: u64,
    /// What a million tokens cost, in dollars.
    price: Price,
    /// The agent that works with it, by its name below agents; without it, the house's own.
    agent: String,
}

/// An agent that speaks the Agent Client Protocol, started inside the sandbox. In its command and its variables stand
/// {gateway}, {token} and {model} for where its model is, the key that opens that, and the model's id.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
struct Agent {
    /// The program and its arguments.
    command: Vec<String>,
    /// Variables that it sees; no secrets.
    environment: BTreeMap<String, String>,
    /// Paths of the host that it may read: its program.
    read_only: Vec<String>,
    /// The mode it is to work in, by its own name; without it, the one it begins in.
    mode: String,
    /// How it is to sign in, by its own name for that, should it ask.
    sign_in: String,
}

/// The model of a phase and how to reach it.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
struct PhaseModel {
    /// Whose wire the address speaks.
    provider: Provider,
    /// The model's id as the provider spells it.
    model: String,
    /// The address below which the provider's paths begin.
    base_url: String,
    /// The file with the key.
    api_key_file: String,
    /// The variable of the environment with the key.
    api_key_env: String,
    /// How hard to think.
    effort: Effort,
    /// The most tokens one answer may have.
    #[schemars(range(min = 256, max = 1_000_000))]
    max_output_tokens: u64,
    /// What a million tokens cost, in dollars.
    price: Price,
    /// The agent that works with it, by its name below agents; without it, the house's own.
    agent: String,
    /// Which of the allowed ones goes on, by name, once this one is not to be had.
    fallback: String,
}

/// Which model does what.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
struct Models {
    /// Writes plans.
    plan: PhaseModel,
    /// Revises them; without it, the one that writes them.
    revise: PhaseModel,
    /// Executes them.
    execute: PhaseModel,
    /// Reads what was built a second time; it may add remarks, and can only lower the verdict. Without it nobody does.
    review: PhaseModel,
    /// What a repository's policy may choose instead, by name.
    allowed: BTreeMap<String, Model>,
}

/// A wire format.
#[derive(JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Provider {
    Anthropic,
    OpenAi,
}

/// How hard a model thinks.
#[derive(JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Effort {
    Minimal,
    Low,
    Medium,
    High,
    XHigh,
    Max,
}

/// What a million tokens cost, in dollars, such as "3.00".
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
struct Price {
    input: String,
    cached: String,
    cache_write: String,
    output: String,
}

/// Where the server listens.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
struct Listen {
    /// Address and port.
    listen: String,
    /// The address under which GitHub reaches the server.
    public_url: String,
}

/// What people and collectors see in a browser.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
struct Web {
    /// Whether there is a dashboard; needs server.public_url.
    dashboard: bool,
    /// The App's client id.
    client_id: String,
    /// The file with a client secret of the App; or ASSENTRY_CLIENT_SECRET in the environment.
    client_secret_file: String,
    /// Who sees deliveries and health, as login = numeric id.
    administrators: BTreeMap<String, u64>,
    /// Where the numbers for Prometheus are: off, token, or an address and a port.
    metrics: String,
    /// The file with the token for /metrics; or ASSENTRY_METRICS_TOKEN.
    metrics_token_file: String,
}

/// Where the database is.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
struct Database {
    /// A file, or postgres://…; or ASSENTRY_DATABASE_URL in the environment.
    url: String,
}

/// Where mirrors and checkouts are.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
struct Data {
    /// The folder.
    dir: String,
}

/// What starts a run.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
struct Trigger {
    /// The label, in repositories whose policy names none.
    #[schemars(length(min = 1, max = 50))]
    label: String,
}

/// What an approval needs, at least.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
struct Approval {
    /// How many different people must approve.
    #[schemars(range(min = 1, max = 20))]
    required: u32,
    /// Whether someone who asked for a version may approve it.
    separation: Separation,
    /// Where /approve must name the digest.
    require_digest: RequireDigest,
    /// People whose word never counts, as login = numeric id.
    denied: BTreeMap<String, u64>,
}

/// Where the digest is asked for.
#[derive(JsonSchema)]
#[serde(rename_all = "lowercase")]
enum RequireDigest {
    /// In public repositories.
    Public,
    /// Everywhere.
    Always,
    /// Nowhere.
    Never,
}

/// How plans are revised.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
struct PlanTable {
    /// How many revisions in a row are made of what people remark, before a person must ask for the next.
    #[schemars(range(min = 1, max = 15))]
    rounds: u32,
}

/// How people spell commands.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
struct Commands {
    /// What stands before a command's name, such as "/" or "/assentry ".
    prefix: String,
}

/// How long is waited, such as "10s".
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
struct Timing {
    /// After the last note before a revision begins.
    burst: String,
    /// Before GitHub is asked again what it did not say.
    ask_again: String,
    /// After an unclear write, each time before GitHub is looked at.
    look_ups: Vec<String>,
    /// After a version was posted, before people are reminded of it, once.
    remind_after: String,
    /// After a version was posted, before it is closed if nobody has approved it.
    close_after: String,
    /// How long stopped work rests, before the run ends if nobody has gone on with it.
    rest_for: String,
}

/// What is shown on GitHub beside the status comment; all of it is off unless asked for.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
struct Show {
    /// What labels for the phase begin with; without it, there are none.
    #[schemars(length(min = 1, max = 25))]
    labels: String,
    /// Whether the plan pull request has a check `assentry/plan` with the phase.
    plan_check: bool,
    /// Whether who approved the plan is asked to review the pull request with the work.
    reviewers: bool,
    /// Whether the pull request with the work gets the milestone.
    milestone: bool,
    /// Whether both pull requests get into the projects that the issue is in, with its status there; needs the permission
    /// `organization_projects`.
    project: bool,
}

/// A receiver of signed webhooks.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
struct Hook {
    /// Where it takes webhooks.
    url: String,
    /// The file with the secret that they are signed with.
    secret_file: String,
    /// The phases it is told of; without it, all.
    phases: Vec<Phase>,
}

/// A phase of a run.
#[derive(JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Phase {
    Planning,
    AwaitingAnswer,
    Publishing,
    AwaitingApproval,
    Starting,
    Executing,
    Resting,
    Delivering,
    InReview,
    Ended,
}

/// What runs may use.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
struct LimitsTable {
    /// How many runs work at one time.
    #[schemars(range(min = 1, max = 1000))]
    concurrent_runs: u32,
    /// How many runs may be begun in a repository within 24 hours.
    #[schemars(range(min = 1, max = 100_000))]
    runs_per_day: u32,
    /// How many runs one person may begin within 24 hours, in all repositories.
    #[schemars(range(min = 1, max = 100_000))]
    runs_per_person_per_day: u32,
    /// How much people may grant to one execution beyond its budget, such as "20.00"; "0" for nothing.
    raise_dollars: String,
    /// What one person's runs may use within 24 hours, in all repositories.
    person: Day,
    /// What the runs in one repository may use within 24 hours.
    repository: Day,
    /// What all runs of the server may use within 24 hours.
    server: Day,
    /// For one version of a plan.
    plan: Limits,
    /// For one execution.
    execute: Limits,
    /// For one second reading.
    review: Limits,
}

/// What may be used within any 24 hours.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
struct Day {
    /// Money, such as "50.00"; calls of models without a known price do not count.
    dollars: String,
    /// Tokens read and written, cached ones too; without it, no limit.
    #[schemars(range(min = 1000, max = 1_000_000_000_000_u64))]
    tokens: u64,
    /// Calls of models; without it, no limit.
    #[schemars(range(min = 1, max = 100_000_000))]
    calls: u64,
}

/// Where strangers' commands run.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
struct Sandbox {
    /// Which walls to use.
    walls: Walls,
    /// Memory of one command, in MiB.
    memory_mib: u64,
    /// Processes and threads of one command.
    processes: u64,
    /// Size of a checkout, in MiB.
    disk_mib: u64,
    /// How much of a command's output is kept, in KiB.
    output_kib: u64,
    /// How long a command may take, in minutes.
    command_minutes: u64,
    /// Paths of the host that commands may read.
    read_only: Vec<String>,
    /// Folders put before the system's in PATH.
    path: Vec<String>,
    /// A folder of root file systems that policies may name: archives as DIGEST.tar or DIGEST.tar.gz.
    images: String,
    /// Hosts that set-up commands of policies may fetch from, by GET and through the server; none without it.
    hosts: Vec<String>,
    /// Mirrors of these hosts, as host = address; they may be anywhere.
    mirrors: BTreeMap<String, String>,
    /// The home whose Rust toolchain commands may use.
    rust_home: String,
    /// Variables that every command sees; no secrets.
    environment: BTreeMap<String, String>,
}

/// Which walls to use.
#[derive(JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Walls {
    Auto,
    Bubblewrap,
    Helper,
    Landlock,
}

/// How long things are kept, such as "90d".
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
struct Retention {
    /// What GitHub sent, once it was dealt with.
    deliveries: String,
    /// What models and tools said, after their run has ended.
    transcripts: String,
    /// What commands printed and changed, after their run has ended.
    outputs: String,
}

/// Where traces go.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
struct Telemetry {
    /// A collector's address for traces by OTLP over HTTP, such as "http://localhost:4318/v1/traces".
    otlp_url: String,
}

/// What is logged.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
struct Log {
    /// A level, or a filter.
    filter: String,
    /// For people or for collectors.
    format: LogFormat,
}

/// How log lines are written.
#[derive(JsonSchema)]
#[serde(rename_all = "lowercase")]
enum LogFormat {
    Text,
    Json,
}
