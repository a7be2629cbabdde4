import type { BatchDetail } from '../shared/contract/batch-view.ts';
import { formatBytes, formatCount } from './print.ts';

/** Plain lines come this often at most, so that a night's log stays readable. */
const lineEveryMs = 5_000;
const barWidth = 24;

export interface Progress {
  show(detail: BatchDetail): void;
  /** Leaves the terminal as it was. */
  end(): void;
}

/** A bar on a terminal, plain lines otherwise; always on stderr, so that stdout holds the answer alone. */
export function showProgress(stream: NodeJS.WriteStream = process.stderr, now: () => number = Date.now): Progress {
  return stream.isTTY ? bar(stream) : plainLines(stream, now);
}

function bar(stream: NodeJS.WriteStream): Progress {
  let shown = false;
  return {
    show(detail) {
      const filled = Math.round((barWidth * detail.percentComplete) / 100);
      const line = `[${'#'.repeat(filled)}${'-'.repeat(barWidth - filled)}] ${describe(detail)}`;
      stream.write(`\r\u001B[K${line.slice(0, Math.max(20, stream.columns - 1))}`);
      shown = true;
    },
    end() {
      if (shown) stream.write('\r\u001B[K');
    },
  };
}

function plainLines(stream: NodeJS.WriteStream, now: () => number): Progress {
  let last = { text: '', status: '', at: 0 };
  return {
    show(detail) {
      const text = describe(detail);
      const { status } = detail.batch;
      if (text === last.text || (status === last.status && now() - last.at < lineEveryMs)) return;
      stream.write(`${text}\n`);
      last = { text, status, at: now() };
    },
    end: () => undefined,
  };
}

function describe({ batch, percentComplete }: BatchDetail): string {
  const { counts, items } = batch;
  const done = counts.synced + counts.completed;
  const parts = [
    `${batch.name}: ${batch.status}`,
    `${String(percentComplete)} %`,
    `${String(done)} of ${formatCount(counts.total, 'mailbox', 'mailboxes')}`,
    `${formatCount(items.copied, 'item')} (${formatBytes(items.bytes)})`,
  ];
  if (counts.failed > 0) parts.push(`${String(counts.failed)} failed`);
  if (batch.reason !== null && ['Waiting', 'Paused', 'Validating'].includes(batch.status)) parts.push(batch.reason);
  return parts.join(', ');
}
