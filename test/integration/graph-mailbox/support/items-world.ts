import {
  contactContent,
  eventContent,
  listContent,
  noteContent,
  taskContent,
} from '../../../../simulator/exchange/practice-content.ts';
import type { PracticeContent } from '../../../../simulator/exchange/practice-content.ts';
import { practiceEvents } from '../../../../simulator/exchange/practice-items.ts';
import { PracticeMailbox } from '../../../../simulator/exchange/practice-mailbox.ts';
import type { OnlineItem } from '../../../../simulator/exchange-online/store/online-item.ts';
import { GraphWorld, anna } from './graph-world.ts';

const created = new Date(Date.UTC(2024, 5, 1));
const bea = { name: 'Bea Example', address: 'bea@fabrikam.test' };
export const picture = Buffer.from('ffd8ffe000104a46ffd9', 'hex');
export const sheet = { name: 'sheet.csv', contentType: 'text/csv', content: Buffer.from('a;b') };

const { meeting, weekly } = practiceEvents(anna);
const hour = 3_600_000;
const week = 7 * 24 * hour;

/** One item of each kind, with what takes calls of its own: as it is, and as its owner changes it. */
export const contents = {
  contact: [
    'IPM.Contact',
    contactContent({ givenName: 'Bea', surname: 'Example', emails: [bea], picture }),
    contactContent({ givenName: 'Bea', surname: 'Example', title: 'Dr.', emails: [bea], picture }),
  ],
  list: ['IPM.DistList', listContent('Board', [bea]), listContent('Board', [])],
  event: [
    'IPM.Appointment',
    eventContent(meeting),
    eventContent({
      ...meeting,
      start: new Date(meeting.start.getTime() + hour),
      end: new Date(meeting.end.getTime() + hour),
    }),
  ],
  series: [
    'IPM.Appointment',
    eventContent(weekly),
    eventContent({
      ...weekly,
      deleted: [...(weekly.deleted ?? []), ...(weekly.deleted ?? []).map((start) => new Date(start.getTime() + week))],
    }),
  ],
  task: [
    'IPM.Task',
    taskContent({ subject: 'Write', status: 'InProgress', owner: 'Anna', attachments: [sheet] }),
    taskContent({ subject: 'Write', status: 'Completed', owner: 'Anna', attachments: [sheet] }),
  ],
  note: ['IPM.StickyNote', noteContent({ text: 'Milk', colour: 1 }), noteContent({ text: 'Milk\r\nBread', colour: 1 })],
} as const satisfies Readonly<Record<string, readonly [string, PracticeContent, PracticeContent]>>;

export type Kind = keyof typeof contents;
export const kinds = Object.keys(contents) as readonly Kind[];

/** A folder of each class below that of its own. */
const below = { contacts: 'Clients', calendar: 'Team', tasks: 'Later' } as const;

/** A mailbox of the practice Exchange with these items, and what becomes of them. */
export class ItemsWorld {
  readonly graph: GraphWorld;
  readonly #source: PracticeMailbox;
  /** Ids at the source. */
  readonly #ids: Map<Kind, string>;

  private constructor(graph: GraphWorld, source: PracticeMailbox, ids: Map<Kind, string>) {
    this.graph = graph;
    this.#source = source;
    this.#ids = ids;
  }

  static async open(
    options: Readonly<Record<string, unknown>> = {},
    some: readonly Kind[] = kinds,
  ): Promise<ItemsWorld> {
    let source = new PracticeMailbox(anna);
    const ids = new Map<Kind, string>();
    const fill = (mailbox: PracticeMailbox): void => {
      source = mailbox;
      for (const [wellKnown, name] of Object.entries(below)) {
        const parent = mailbox.wellKnown(wellKnown);
        if (parent !== undefined) mailbox.addFolder(name, { parent: parent.id, folderClass: parent.folderClass });
      }
      for (const kind of some) {
        const [itemClass, content] = contents[kind];
        ids.set(kind, mailbox.addContent(content, { itemClass, created }).id);
      }
    };
    const graph = await GraphWorld.open({ exchange: fill, options });
    return new ItemsWorld(graph, source, ids);
  }

  changeAtSource(): void {
    for (const [kind, id] of this.#ids) this.#source.changeItem(id, { content: contents[kind][2] });
  }

  removeAtSource(): void {
    for (const id of this.#ids.values()) this.#source.removeItem(id);
  }

  /** To the folder below its own, where its class has one. */
  moveAtSource(): void {
    for (const [kind, id] of this.#ids) {
      const own = this.#source.folder(this.#source.item(id)?.folder ?? '');
      const to = this.#source.folders.find(({ parent }) => parent === own?.id);
      const moved = to === undefined ? undefined : this.#source.moveItem(id, to.id);
      if (moved !== undefined) this.#ids.set(kind, moved.id);
    }
  }

  /** As its users do, where its class has another folder. */
  moveAtTarget(): void {
    const mailbox = this.graph.simulator.mailbox(anna);
    for (const item of this.graph.items) {
      const own = mailbox.folder(item.folder);
      const to = mailbox.folders.find(({ name, kind }) => kind === own.kind && name.includes(' / '));
      if (to !== undefined) mailbox.moveItem(item, to.id);
    }
  }

  removeAtTarget(): void {
    const mailbox = this.graph.simulator.mailbox(anna);
    for (const item of this.graph.items) mailbox.removeItem(item);
  }

  async pass(): Promise<Awaited<ReturnType<GraphWorld['harness']['run']>>> {
    await this.graph.harness.beginPass('incremental');
    return this.graph.harness.run(anna);
  }

  /** What the report of items says, by what it says. */
  async told(job: { readonly itemsReport: string | null }): Promise<string> {
    const { objects } = this.graph.harness.services;
    const octets = job.itemsReport === null ? undefined : await objects.get(job.itemsReport);
    return Buffer.from(octets ?? []).toString();
  }

  ids(): readonly string[] {
    return this.graph.items.map(({ immutableId }) => immutableId).toSorted();
  }
}

/** An item without what differs from time to time. */
export function shapeOf({ kind, properties, attachments, exceptions }: OnlineItem): {
  readonly kind: string;
  readonly name: unknown;
  readonly attachments: readonly number[];
  readonly exceptions: readonly (readonly [string, unknown])[];
} {
  return {
    kind,
    name: properties['subject'] ?? properties['displayName'] ?? properties['title'],
    attachments: attachments.map(({ content }) => content.length),
    exceptions: [...exceptions]
      .map(([day, exception]) => [day, exception?.properties['subject'] ?? null] as const)
      .toSorted(([a], [b]) => a.localeCompare(b)),
  };
}
