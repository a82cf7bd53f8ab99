// node binding.mjs BOUND.jsonl: compares the columns that Rollcall says its queries answer with what Microsoft's own
// binder says against the same tables; queries that it does not bind are left out. Prints one line; the rest is in
// BOUND.jsonl's folder, binding.failed. Needs @kusto/language-service-next (tests/kusto/package.json).
import { createRequire } from 'node:module';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const require = createRequire(join(process.env.KUSTO_PACKAGES ?? join(import.meta.dirname, '../kusto'), 'package.json'));
const log = console.log;
console.log = () => {};  // the library greets
require('@kusto/language-service-next/bridge.min.js');
require('@kusto/language-service-next/Kusto.Language.Bridge.min.js');
console.log = log;
const { KustoCode, GlobalState, Symbols } = globalThis.Kusto.Language;

const list = (items) => Array.from({ length: items.Count }, (_, i) => items.getItem(i));
const columnText = ([name, type]) => `['${name.replaceAll("'", "\\'")}']:${type}`;

function columnsOf(query, schema) {
  const tables = Object.entries(schema).map(([name, columns]) =>
    new Symbols.TableSymbol.$ctor7(name, `(${Object.entries(columns).map(columnText).join(',')})`, null));
  const globals = GlobalState.Default.WithDatabase(new Symbols.DatabaseSymbol.ctor('db', tables));
  const code = KustoCode.ParseAndAnalyze(query, globals);
  if (list(code.GetDiagnostics()).some((one) => one.Severity === 'Error')) return null;
  const type = code.ResultType;
  if (!type || !globalThis.Bridge.is(type, Symbols.TableSymbol)) return null;
  return list(type.Columns).map((column) => ({ name: column.Name, type: column.Type?.Name ?? '' }));
}

const text = (columns) => columns.map(({ name, type }) => `${name}:${type}`).join(', ');
const [file] = process.argv.slice(2);
const failed = [];
let compared = 0;
for (const line of readFileSync(file, 'utf8').split('\n').filter(Boolean)) {
  const { id, query, schema, columns } = JSON.parse(line);
  let theirs = null;
  try {
    theirs = columnsOf(query, schema);
  } catch { /* their own fault: left out */ }
  if (!theirs) continue;
  ++compared;
  if (text(columns) !== text(theirs)) failed.push(`${id}\tours: ${text(columns)}\ttheirs: ${text(theirs)}`);
}
writeFileSync(join(dirname(file), 'binding.failed'), failed.map((one) => one + '\n').join(''));
console.log(`conformance kql/binding ${compared - failed.length}/${compared}`);
