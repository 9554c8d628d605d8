// Judges what comes in by GitHub's own descriptions: one object of JSON a line in, one list of faults a line out.
//
// usage: node judge.mjs NODE_MODULES

import { createInterface } from 'node:readline';
import { Description } from './openapi.mjs';
import { Graph } from './graphql.mjs';

const modules = process.argv[2];
const lazily = (make) => {
  let made;
  return () => (made ??= make());
};
const description = lazily(() => new Description(modules));
const graph = lazily(() => new Graph(modules));

function judge(asked) {
  switch (asked.kind) {
    case 'exchange':
      if (asked.route === '/graphql' && asked.status === 200) return graph().exchange(asked).map((fault) => `graphql ${fault}`);
      if (asked.route === '/graphql') return [];
      return description().exchange(asked).faults;
    case 'payload':
      return description().payload(asked.event, asked.payload).faults;
    case 'document':
      return graph().document(asked.document);
    default:
      return [`nobody judges ${asked.kind}`];
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  let faults;
  try {
    faults = judge(JSON.parse(line));
  } catch (error) {
    faults = [`could not be judged: ${error.stack}`];
  }
  process.stdout.write(JSON.stringify(faults) + '\n');
}
