import { z } from 'zod';
import { finding, type Finding } from '../domain/batch-file/finding.ts';
import { parseOptions } from '../domain/options.ts';
import type { ObjectStore } from '../ports/object-store.ts';

/** What `<batch>.json` beside a batch file says. */
export interface BatchSettings {
  readonly startedBy?: string | undefined;
  /** Options as written. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Fatal: nobody knows what a misread option would have changed. */
  readonly findings: readonly Finding[];
}

/** Options stand in `options`, or beside `startedBy`. */
const SettingsFile = z
  .object({ startedBy: z.string().min(1).max(256).optional(), options: z.record(z.string(), z.unknown()).optional() })
  .catchall(z.unknown());

/** Reads `incoming/<endpoint>/<batch>.json`, which must be there before the batch file. */
export async function readBatchSettings(
  objects: Pick<ObjectStore, 'get'>,
  place: { readonly endpoint: string; readonly batch: string },
): Promise<BatchSettings> {
  const octets = await objects.get(`incoming/${place.endpoint}/${place.batch}.json`);
  if (octets === undefined) return { options: {}, findings: [] };
  const file = `${place.batch}.json`;
  const parsed = SettingsFile.safeParse(parseJson(octets));
  if (!parsed.success)
    return { options: {}, findings: [problem(`${file} is not a JSON object with startedBy and options.`)] };
  const { startedBy, options, ...beside } = parsed.data;
  const written = { ...beside, ...options };
  const findings = parseOptions(written, 'batch').problems.map(({ message, suggestion }) =>
    problem(`${file}: ${message}`, suggestion),
  );
  return { startedBy, options: written, findings };
}

function problem(message: string, suggestion = 'Correct the file and upload both again, this one first.'): Finding {
  return finding('fatal', 'CSV_OPTION_INVALID', { line: 1, message, suggestion });
}

function parseJson(octets: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(octets));
  } catch {
    return undefined;
  }
}
