/** A status mail before it becomes text and HTML: both are made from this, so they cannot tell different numbers. */
export interface MailContent {
  readonly subject: string;
  readonly mood: 'good' | 'warning' | 'bad';
  /** Shown above everything, such as that the mail may be a repeat. */
  readonly notice: string | null;
  readonly heading: string;
  /** The whole story in a sentence or two. */
  readonly lead: string;
  readonly blocks: readonly MailBlock[];
}

export type MailBlock =
  | { readonly kind: 'facts'; readonly heading: string; readonly facts: readonly (readonly [string, string])[] }
  | { readonly kind: 'paragraphs'; readonly heading: string; readonly paragraphs: readonly string[] }
  | { readonly kind: 'problems'; readonly heading: string; readonly problems: readonly MailProblem[] }
  | { readonly kind: 'files'; readonly heading: string; readonly files: readonly MailFile[] };

export interface MailProblem {
  /** What is wrong, in a line. */
  readonly title: string;
  /** Label and text, such as `Fix`. */
  readonly details: readonly (readonly [string, string])[];
}

export interface MailFile {
  readonly name: string;
  /** Link, path or s3:// URI; stays valid. */
  readonly location: string;
  readonly attached: boolean;
}
