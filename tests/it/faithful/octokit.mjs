// What a client of GitHub does all day, by GitHub's own library, against the simulated GitHub.
//
// usage: node octokit.mjs NODE_MODULES WHAT-GITHUB-SIM-PRINTED; prints what it saw as one line of JSON

import { readFileSync } from 'node:fs';
import { webcrypto } from 'node:crypto';
import { pathToFileURL } from 'node:url';

// Node 18 has it, but not in its place.
globalThis.crypto ??= webcrypto;

const [modules, printed] = process.argv.slice(2);
const told = JSON.parse(printed);
const folder = `${modules}/octokit`;
const entry = JSON.parse(readFileSync(`${folder}/package.json`)).exports['.'].import;
const { App, Octokit } = await import(pathToFileURL(`${folder}/${entry}`));

const Client = Octokit.defaults({ baseUrl: told.api_url, throttle: { enabled: false }, retry: { enabled: false } });
const app = new App({ appId: told.app_id, privateKey: readFileSync(told.private_key_file, 'utf8'), Octokit: Client });
const seen = {};

seen.app = (await app.octokit.rest.apps.getAuthenticated()).data.slug;
const installations = [];
for await (const { installation } of app.eachInstallation.iterator()) installations.push(installation);
seen.installations = installations.length;
seen.repositories = [];
for await (const { repository } of app.eachRepository.iterator()) seen.repositories.push(repository.full_name);

const bot = await app.getInstallationOctokit(installations[0].id);
const person = (login) => new Client({ auth: told.users.find((user) => user.login === login).token });
const [ann, bob] = [person('ann'), person('bob')];
const at = { owner: 'acme', repo: 'widget' };

for (let n = 1; n <= 45; n++) await ann.rest.issues.create({ ...at, title: `Issue ${n}` });
seen.paged = (await bot.paginate(bot.rest.issues.listForRepo, { ...at, per_page: 20 })).length;
await bot.rest.issues.addLabels({ ...at, issue_number: 1, labels: ['assentry'] });
const said = await bot.rest.issues.createComment({ ...at, issue_number: 1, body: 'hello' });
await bot.rest.reactions.createForIssueComment({ ...at, comment_id: said.data.id, content: 'eyes' });
seen.commented = (await bot.rest.issues.listComments({ ...at, issue_number: 1 })).data[0].body;

const { data: main } = await bot.rest.git.getRef({ ...at, ref: 'heads/main' });
await bot.rest.git.createRef({ ...at, ref: 'refs/heads/topic', sha: main.object.sha });
const content = Buffer.from('one\ntwo\n').toString('base64');
await bot.rest.repos.createOrUpdateFileContents({ ...at, path: 'notes.md', message: 'Add notes', content, branch: 'topic' });
const { data: pull } = await bot.rest.pulls.create({ ...at, title: 'Notes', head: 'topic', base: 'main', draft: true });
const here = { ...at, pull_number: pull.number };
const files = (await bot.paginate(bot.rest.pulls.listFiles, here)).map((file) => file.filename);
const ready = await bot.graphql(
  'mutation($id: ID!) { markPullRequestReadyForReview(input: {pullRequestId: $id}) { pullRequest { isDraft } } }',
  { id: pull.node_id },
);
await bob.rest.pulls.createReviewComment({ ...here, commit_id: pull.head.sha, path: 'notes.md', line: 1, body: 'Why?' });
const query = `query($owner: String!, $name: String!, $number: Int!, $cursor: String) {
  repository(owner: $owner, name: $name) { pullRequest(number: $number) {
    reviewThreads(first: 50, after: $cursor) { nodes { id isResolved } pageInfo { hasNextPage endCursor } } } } }`;
const found = await bot.graphql.paginate(query, { owner: at.owner, name: at.repo, number: pull.number });
const threads = found.repository.pullRequest.reviewThreads.nodes;
const resolve = 'mutation($id: ID!) { done: resolveReviewThread(input: {threadId: $id}) { thread { isResolved } } }';
const { done } = await bot.graphql(resolve, { id: threads[0].id });
seen.pull = {
  draft: pull.draft,
  ready: !ready.markPullRequestReadyForReview.pullRequest.isDraft,
  files,
  threads: threads.length,
  resolved: done.thread.isResolved,
};
await bob.rest.pulls.createReview({ ...here, event: 'APPROVE', body: 'Good.' });
const reviews = (await bot.rest.pulls.listReviews(here)).data.map((review) => review.state);
seen.reviews = reviews.filter((state) => state !== 'COMMENTED');
seen.merged = (await ann.rest.pulls.merge(here)).data.merged;

const status = (promise) => promise.then((answer) => answer.status, (error) => error.status);
seen.missing = await status(bot.rest.issues.get({ ...at, issue_number: 999 }));
seen.invalid = await status(bot.rest.issues.create({ ...at, title: '' }));
console.log(JSON.stringify(seen));
