// GitHub's GraphQL schema as a judge: of a document, of its variables, and of an answer.

import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';

// Which of several types an answer is of: by what stands before the number in its node id, and where it has none, the one
// kind that is asked for. What is asked of an actor is the same for all kinds of them.
const KINDS = {
  I: 'Issue',
  PR: 'PullRequest',
  IC: 'IssueComment',
  PRRT: 'PullRequestReviewThread',
  Actor: 'User',
  GitObject: 'Commit',
  ProjectV2FieldConfiguration: 'ProjectV2SingleSelectField',
  ProjectV2ItemFieldValue: 'ProjectV2ItemFieldSingleSelectValue',
  PullRequestTimelineItems: 'HeadRefForcePushedEvent',
};

export class Graph {
  constructor(modules) {
    const require = createRequire(modules + '/');
    this.js = require('graphql');
    const text = readFileSync(`${modules}/@octokit/graphql-schema/schema.graphql`, 'utf8');
    this.schema = this.js.buildSchema(text, { assumeValid: true });
  }

  document(text) {
    try {
      return this.js.validate(this.schema, this.js.parse(text)).map((error) => error.message);
    } catch (error) {
      return [error.message];
    }
  }

  // The variables must fit, and the answer must be what executing the document on itself gives: no field less, none more.
  exchange({ body, answer }) {
    const wrong = this.document(body.query);
    if (wrong.length > 0) return wrong;
    const document = this.js.parse(body.query);
    const operation = document.definitions.find((one) => one.kind === 'OperationDefinition');
    const given = this.js.getVariableValues(this.schema, operation.variableDefinitions ?? [], body.variables ?? {});
    const faults = (given.errors ?? []).map((error) => error.message);
    for (const name of Object.keys(body.variables ?? {}))
      if (!operation.variableDefinitions?.some((one) => one.variable.name.value === name)) faults.push(`$${name} is not used`);
    if (answer.errors) return answer.errors.every((error) => typeof error.message === 'string') ? faults : [...faults, 'an error without a message'];
    const done = this.js.executeSync({
      schema: this.schema,
      document,
      rootValue: answer.data,
      variableValues: body.variables,
      fieldResolver: (source, _arguments, _context, info) => source[info.path.key],
      typeResolver: (value, _context, _info, type) => KINDS[type.name] ?? KINDS[String(value.id).split('_')[0]],
    });
    faults.push(...(done.errors ?? []).map((error) => `${error.path?.join('.')}: ${error.message}`));
    if (JSON.stringify(sorted(done.data)) !== JSON.stringify(sorted(answer.data)))
      faults.push(`the answer ${JSON.stringify(answer.data)} is not what was asked for: ${JSON.stringify(done.data)}`);
    return faults;
  }
}

function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.keys(value).sort().map((key) => [key, sorted(value[key])]));
}
