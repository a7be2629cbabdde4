/** What an operation answers: a message for each thing that it was asked for. */
export function responseMessages(operation: string, messages: readonly string[]): string {
  return `<m:${operation}Response><m:ResponseMessages>${messages.join('')}</m:ResponseMessages></m:${operation}Response>`;
}

export function success(operation: string, content: string): string {
  return `<m:${operation}ResponseMessage ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode>${content}</m:${operation}ResponseMessage>`;
}

export function failure(operation: string, code: string, backOffMs?: number): string {
  const wait =
    backOffMs === undefined
      ? ''
      : `<m:MessageXml><t:Value Name="BackOffMilliseconds">${String(backOffMs)}</t:Value></m:MessageXml>`;
  return (
    `<m:${operation}ResponseMessage ResponseClass="Error"><m:MessageText>${texts[code] ?? code}</m:MessageText>` +
    `<m:ResponseCode>${code}</m:ResponseCode><m:DescriptiveLinkKey>0</m:DescriptiveLinkKey>${wait}${nothing[operation] ?? ''}</m:${operation}ResponseMessage>`
  );
}

/** What the schema wants to stand there also where there is nothing. */
const nothing: Readonly<Record<string, string>> = {
  GetFolder: '<m:Folders/>',
  GetItem: '<m:Items/>',
  GetAttachment: '<m:Attachments/>',
};

const texts: Readonly<Record<string, string>> = {
  ErrorItemNotFound: 'The specified object was not found in the store.',
  ErrorNonExistentMailbox: 'The SMTP address has no mailbox associated with it.',
  ErrorAccessDenied: 'Access is denied. Check credentials and try again.',
  ErrorServerBusy: 'The server cannot service this request right now. Try again later.',
  ErrorInvalidSyncStateData: 'Synchronization state data is corrupt or otherwise invalid.',
};
