// GitHub's OpenAPI description as a judge: of one request with its answer, and of one webhook payload.
//
// The description leaves objects open. Here they are closed, so that a field that GitHub does not have is a fault too: a
// client could come to rely on it.

import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';

// The description's ways to call an object that may be null, in the words of JSON Schema. `open` leaves the outermost
// object open, because it is a part of another one.
function convert(schema, doc, open) {
  if (Array.isArray(schema)) return schema.map((one) => convert(one, doc, open));
  if (schema === null || typeof schema !== 'object') return schema;
  if (schema.$ref) {
    const name = schema.$ref.split('/').pop();
    return { $ref: `${doc}-${open ? 'open' : 'closed'}#/components/schemas/${name}` };
  }
  const made = {};
  const whole = Boolean(schema.properties || schema.allOf);
  for (const [key, value] of Object.entries(schema)) {
    if (['nullable', 'example', 'examples', 'description', 'title', 'deprecated', 'default', 'readOnly'].includes(key)) continue;
    if (key.startsWith('x-')) continue;
    if (key === 'properties') made.properties = each(value, (one) => convert(one, doc, false));
    else if (key === 'items') made.items = convert(value, doc, false);
    else if (key === 'additionalProperties') {
      if (typeof value === 'object') made[key] = convert(value, doc, false);
      else if (!(open && value === true)) made[key] = value;
    } else if (key === 'allOf') made.allOf = convert(value, doc, true);
    else if (key === 'anyOf' || key === 'oneOf') made[key] = convert(value, doc, open || whole);
    else made[key] = value;
  }
  if (whole && !open && !('additionalProperties' in made)) made.unevaluatedProperties = false;
  if (!schema.nullable) return made;
  if (typeof made.type !== 'string') return { anyOf: [made, { type: 'null' }] };
  if (made.enum && !made.enum.includes(null)) made.enum = [...made.enum, null];
  return { ...made, type: [made.type, 'null'] };
}

function each(object, change) {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value)]));
}

const EDITED = 'pull-request-review-edited';
const LINES = /^\/comment: must have required property '(original_)?(start_)?(line|position|side)'/;

// A value without what GitHub sends and does not describe.
function known(value, rest) {
  if (Array.isArray(value)) return value.map((one) => known(one, rest));
  if (value === null || typeof value !== 'object') return value;
  const made = each(value, (one) => known(one, rest));
  // Nothing says whether a review tells that an App acted for a person. The simulated GitHub lets it tell, as comments do.
  if (made.pull_request_url && made.performed_via_github_app) delete made.performed_via_github_app;
  // Once a line comment is outdated it has no place.
  if (rest && 'diff_hunk' in made) for (const place of ['line', 'position']) if (made[place] === null) delete made[place];
  // Where a webhook shows an App, the events that it may have are listed without this younger one.
  if (!rest && made.slug && Array.isArray(made.events))
    made.events = made.events.filter((event) => event !== 'pull_request_review_thread');
  return made;
}

// A refusal without the status in it: GitHub repeats that in all of them, and describes it for some.
function refusal(asked) {
  if (asked.status < 400 || asked.answer?.status !== String(asked.status)) return asked.answer;
  const { status: _, ...rest } = asked.answer;
  return rest;
}

// A path without the names of its placeholders.
const plain = (path) => path.replace(/\{[^}]*\}/g, '{}');

export class Description {
  constructor(modules) {
    const require = createRequire(modules + '/');
    const Ajv = require('ajv/dist/2019').default;
    this.ajv = new Ajv({ strict: false, validateSchema: false, allErrors: true, logger: false });
    require('ajv-formats').default(this.ajv);
    // Those of bots have brackets.
    this.ajv.addFormat('email', /@/);
    const read = (name) => JSON.parse(readFileSync(`${modules}/${name}/generated/api.github.com.json`));
    this.rest = read('@octokit/openapi');
    this.hooks = read('@octokit/openapi-webhooks');
    this.add('rest', this.rest);
    this.add('hooks', this.hooks);
    this.compiled = new Map();
    this.operations = new Map();
    for (const [path, methods] of Object.entries(this.rest.paths))
      for (const [method, operation] of Object.entries(methods))
        this.operations.set(`${method.toUpperCase()} ${plain(path)}`, { path, operation });
  }

  add(doc, from) {
    for (const open of [true, false]) {
      const schemas = each(from.components.schemas, (schema) => convert(schema, doc, open));
      this.ajv.addSchema({ components: { schemas } }, `${doc}-${open ? 'open' : 'closed'}`);
    }
  }

  resolve(part) {
    if (!part?.$ref) return part;
    return part.$ref.split('/').slice(1).reduce((at, name) => at[name], this.rest);
  }

  // The faults of a value, each as a place and what is wrong there.
  judge(key, schema, doc, value) {
    if (!this.compiled.has(key)) this.compiled.set(key, this.ajv.compile(convert(schema, doc, false)));
    const fits = this.compiled.get(key);
    if (fits(value)) return [];
    const word = (error) => {
      const what = error.params.unevaluatedProperty ?? error.params.additionalProperty ?? error.params.allowedValues ?? '';
      return `${error.instancePath || '/'}: ${error.message} ${what}`.trim();
    };
    return [...new Set(fits.errors.filter((error) => error.schemaPath.split('/').length > 0).map(word))];
  }

  // What is wrong with one request and its answer; `judged` says how far GitHub describes it.
  exchange(asked) {
    const faults = [];
    // A team "can also be specified by org_id and team_id", as its page in GitHub's documentation says.
    const byId = /^\/organizations\/\{[^}]*\}\/team\/\{[^}]*\}/;
    const named = asked.route.replace(byId, '/orgs/{org}/teams/{team_slug}');
    const route = plain(named.replace(/\.\.\.\}/g, '}').replace(/\/contents$/, '/contents/{path}'));
    const found = this.operations.get(`${asked.method} ${route}`);
    if (!found) return { faults: [`${asked.method} ${asked.route} is not described`] };
    const { path, operation } = found;
    const key = operation.operationId;
    const add = (where, list) => list.forEach((fault) => faults.push(`${key} ${where} ${fault}`));
    add('query', this.query(operation, asked.query));
    add('request', this.request(key, operation, asked.body));
    add(`answer ${asked.status}`, this.answer(key, operation, asked));
    return { faults, operation: `${asked.method} ${path}` };
  }

  query(operation, query) {
    const known = new Map();
    for (const one of operation.parameters ?? []) {
      const parameter = this.resolve(one);
      if (parameter.in === 'query') known.set(parameter.name, parameter);
    }
    const faults = [];
    for (const [name, text] of new URLSearchParams(query)) {
      const parameter = known.get(name);
      if (!parameter) faults.push(`${name} is not known`);
      else faults.push(...this.parameter(`${operation.operationId} ?${name}`, parameter.schema, text));
    }
    return faults;
  }

  parameter(key, schema, text) {
    const kinds = [schema, ...(schema.oneOf ?? []), ...(schema.anyOf ?? [])].map((one) => one.type);
    const number = kinds.includes('integer') || kinds.includes('number');
    const value = number && /^-?\d+$/.test(text) ? Number(text) : kinds.includes('boolean') ? text === 'true' : text;
    return this.judge(key, schema, 'rest', value).map((fault) => `${key} ${fault}`);
  }

  request(key, operation, body) {
    const described = this.resolve(operation.requestBody);
    const empty = body === null || body === undefined;
    if (!described) return empty || Object.keys(body).length === 0 ? [] : ['has a body and should have none'];
    if (empty) return described.required ? ['has no body'] : [];
    return this.judge(`${key} request`, described.content['application/json'].schema, 'rest', body);
  }

  answer(key, operation, asked) {
    let described = this.resolve(operation.responses[String(asked.status)]);
    const empty = asked.answer === null || asked.answer === undefined;
    if (!described) {
      if (asked.status === 304 || asked.status >= 500) return [];
      if (asked.status < 400 && ![301, 307].includes(asked.status)) return ['is not a described status'];
      described = { content: { 'application/json': { schema: { $ref: '#/components/schemas/basic-error' } } } };
    }
    // Of the media types, the one without a parameter is the one that was asked for.
    let schema = described.content?.['application/json']?.schema;
    // In the list an account is described as a user and an enterprise at once; one by one they are described well.
    if (key === 'apps/list-installations') schema = { type: 'array', items: { $ref: '#/components/schemas/installation' } };
    // Whatever it describes, GitHub says why it refuses.
    if (!schema && asked.status >= 400) schema = { $ref: '#/components/schemas/basic-error' };
    if (!schema) return empty ? [] : ['has a body and should have none'];
    if (empty) return ['has no body'];
    const told = known(refusal(asked), true);
    const closed = this.judge(`${key} ${asked.status}`, schema, 'rest', told);
    // Of errors GitHub describes several forms in one place; each of them is good.
    if (closed.length === 0 || asked.status < 400) return closed;
    const forms = ['basic-error', 'validation-error', 'validation-error-simple'];
    const any = forms.map((form) => this.judge(form, { $ref: `#/components/schemas/${form}` }, 'rest', told));
    return any.some((list) => list.length === 0) ? [] : closed;
  }

  payload(event, payload) {
    const name = [event, payload.action].filter(Boolean).join('-').replaceAll('_', '-');
    const found = this.hooks.webhooks[name];
    if (!found) return { faults: [`${name} is not a webhook that is described`] };
    const schema = found.post.requestBody.content['application/json'].schema;
    const onFile = payload.comment?.subject_type === 'file';
    const faults = this.judge(name, schema, 'hooks', known(payload, false));
    // A comment on a whole file has no line, although the description wants one. And all events but one show of a
    // repository whether it has discussions.
    const wrong = (fault) => !(onFile && LINES.test(fault)) && !(name === EDITED && fault.endsWith(' has_discussions'));
    return { name, faults: faults.filter(wrong).map((fault) => `${name} ${fault}`) };
  }
}
