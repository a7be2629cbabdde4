/** Servers repeat the recipients in their replies; errors are logged and shown, address lists are not. */
export function withoutAddresses(text: string): string {
  return text.replace(/[^\s<>,;:"]+@[^\s<>,;:"]+/g, '(address)');
}
