// What the pages of the stories have beside the browser's own: the vendor's SDK, the accessibility checker, and what the
// stories themselves keep there.

interface Window {
  /** The vendor's SDK, in any of its versions. */
  authsignal: any;
  axe: { run(options: object): Promise<{ violations: any[] }> };
  /** How often the SDK called `onTokenExpired`. */
  expired: number;
  /** What the popup told the application. */
  told: any[];
  errors: any[];
  /** How the launched page ended. */
  ended: Promise<any>;
  states: [string, string | undefined][];
  refreshed: string[];
}
