// What the stories add to the window of a page: the vendor's SDK, the accessibility checker, and their own records.

interface Window {
  /** The vendor's SDK, in any of its versions. */
  authsignal: any;
  axe: { run(options: object): Promise<{ violations: any[] }> };
  /** How often the SDK called `onTokenExpired`. */
  expired: number;
  /** The messages from the popup to the application. */
  messages: any[];
  errors: any[];
  /** How the launched page ended. */
  ended: Promise<any>;
  states: [string, string | undefined][];
  refreshed: string[];
}
