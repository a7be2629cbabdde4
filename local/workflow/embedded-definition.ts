import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { stateNames } from '../../shared/domain/workflow-steps.ts';
import { packageRoot } from '../package-root.ts';

/** As much of the Amazon States Language as the embedded service has to know. */
interface State {
  readonly Type: string;
  readonly Resource?: string | undefined;
  readonly ItemProcessor?: { readonly States: Readonly<Record<string, State>> } | undefined;
  readonly [field: string]: unknown;
}
export interface Definition {
  readonly StartAt: string;
  readonly States: Readonly<Record<string, State>>;
}

const StateShape: z.ZodType<State> = z.lazy(() =>
  z.looseObject({
    Type: z.string(),
    Resource: z.string().optional(),
    ItemProcessor: z.looseObject({ States: z.record(z.string(), StateShape) }).optional(),
  }),
);
const DefinitionShape: z.ZodType<Definition> = z.looseObject({
  StartAt: z.string(),
  States: z.record(z.string(), StateShape),
});

/** As many mailboxes as an endpoint may have open: the runner's gate lets in as many of them as it has now. */
const mostMailboxes = 100;

/** Where the runner puts the manifest's entries for the Map. */
export const manifestField = 'items';

/**
 * setTimeout's longest delay is 2^31 - 1 ms. The interpreter ends a task without TimeoutSeconds after a minute, and one
 * with Lambda's after 16; here a task ends by itself or with the process.
 */
const noTimeoutSeconds = 2_147_483;

/** The state machine as it was synthesized when the package was built. */
export async function readSynthesizedDefinition(): Promise<Definition> {
  const file = join(packageRoot(), 'dist', 'migrate-batch.asl.json');
  return DefinitionShape.parse(JSON.parse(await readFile(file, 'utf8')));
}

/**
 * The same machine for an interpreter that knows neither ItemReader nor ResultWriter nor tolerated failures: the
 * manifest comes from the state before (see `manifestField`), the results were discarded anyway, and children catch
 * everything themselves.
 */
export function embeddedDefinition(synthesized: Definition): Definition {
  const { States } = synthesized;
  const embedded = { ...synthesized, States: mapValues(States, embeddedState) };
  const synchronise = embedded.States[stateNames.synchronise];
  if (synchronise === undefined) return embedded;
  const gated = { ...without(synchronise, ['MaxConcurrencyPath']), MaxConcurrency: mostMailboxes };
  return { ...embedded, States: { ...embedded.States, [stateNames.synchronise]: gated } };
}

const unknownToTheInterpreter = ['ItemReader', 'ResultWriter', 'ToleratedFailurePercentage', 'Label'];

function embeddedState(state: State): State {
  switch (state.Type) {
    case 'Task':
      return { ...state, TimeoutSeconds: noTimeoutSeconds };
    case 'Map': {
      const { ItemProcessor } = state;
      if (ItemProcessor === undefined) throw new Error('A Map without an ItemProcessor.');
      return {
        ...without(state, unknownToTheInterpreter),
        ItemsPath: `$.${manifestField}`,
        ItemProcessor: {
          ...without(ItemProcessor, ['ProcessorConfig']),
          States: mapValues(ItemProcessor.States, embeddedState),
        },
      };
    }
    default:
      return state;
  }
}

/** Task states by name, with the name of the function that each calls (`function:<name>`). */
export function tasksOf(definition: Pick<Definition, 'States'>): ReadonlyMap<string, string> {
  const tasks = new Map<string, string>();
  for (const [name, state] of Object.entries(definition.States)) {
    if (state.Resource !== undefined) tasks.set(name, state.Resource.replace(/^.*function:/, ''));
    if (state.ItemProcessor === undefined) continue;
    for (const [inner, task] of tasksOf(state.ItemProcessor)) tasks.set(inner, task);
  }
  return tasks;
}

/** The states whose output gets the manifest's entries: each Map's own. */
export const manifestStates: readonly string[] = [stateNames.plan, stateNames.prepare];

function without<Fields extends object>(fields: Fields, names: readonly string[]): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !names.includes(name))) as Fields;
}

function mapValues<Value>(record: Readonly<Record<string, Value>>, change: (value: Value) => Value) {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}
