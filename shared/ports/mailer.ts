export interface MailMessage {
  readonly to: readonly string[];
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  readonly attachments: readonly { readonly name: string; readonly contentType: string; readonly octets: Uint8Array }[];
}

export interface Mailer {
  /** Resolves with the message's id at the sender; rejects with one of the five kinds. */
  send(message: MailMessage): Promise<{ readonly id: string }>;
}
