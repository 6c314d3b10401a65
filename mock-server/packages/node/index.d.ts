/** A time for a tenant's clock: a `Date`, or a text such as `2030-01-01T00:00:00Z`. */
export type Time = Date | string;

/** How far a clock goes forward. */
export interface Duration {
  days?: number;
  hours?: number;
  minutes?: number;
  seconds?: number;
  milliseconds?: number;
}

/** A message that the mock would have sent to a person. */
export interface Message {
  readonly id: string;
  readonly channel: "sms" | "email" | "whatsapp";
  /** Phone number or address. */
  readonly to: string;
  /** The whole text. */
  readonly text: string;
  /** The code in it, if it has one. */
  readonly code?: string;
  /** The link in it, if it has one. */
  readonly url?: string;
  readonly createdAt: Date;
}

/** A request that the mock has answered. */
export interface Request {
  readonly number: number;
  readonly method: string;
  /** Path and query, without secrets. */
  readonly target: string;
  readonly status: number;
  /** The operation in the specs, such as `track`; absent if none has this path. */
  readonly operation?: string;
  /** Why the mock refused the request, if it did. */
  readonly reason?: string;
  /** What is wrong with the request, although the mock did not refuse it. */
  readonly warning?: string;
  readonly at: Date;
}

/** The clock of a tenant. It runs with the machine's until a test moves it. */
export interface Clock {
  now(): Promise<Date>;
  /** Stops the clock, now or at a time. */
  freeze(at?: Time): Promise<Date>;
  /** Lets a frozen clock run on. */
  release(): Promise<Date>;
  /** Sets the clock to a time, also an earlier one. */
  set(to: Time): Promise<Date>;
  /** Moves the clock forward. Webhooks that fall due on the way are sent, in their order, before this resolves. */
  advance(by: Duration): Promise<Date>;
}

/** The messages of a tenant. */
export interface Inbox {
  /** The messages, newest first: all, or those to an address or phone number. */
  messages(to?: string): Promise<Message[]>;
  /**
   * The newest message to an address or phone number, or to anybody. If there is none yet, waits for it: 4,000 ms, or
   * `timeout`. Each message is returned once: after a second challenge, this waits for the second code.
   */
  waitFor(to?: string, options?: { timeout?: number }): Promise<Message>;
}

/** The requests of a tenant. */
export interface Journal {
  /** The requests, oldest first: all, or those with all words of `search` in method, target, operation or status. */
  requests(search?: string): Promise<Request[]>;
  /** A request with its bodies, as `GET /_mock/journal/{number}` shows it. */
  bodies(number: number): Promise<any>;
  /** The journal as a failing test shows it. */
  text(): Promise<string>;
}

/** A tenant: what an application is pointed at, and what a test sees and moves. */
export interface Tenant {
  /** Its name in the control API. */
  readonly id: string;
  /** The mock's URL. Activeconnect's and IAMPASS's clients take it as their server. */
  readonly url: string;
  /** Base URL of Authsignal's APIs: `apiUrl` of the Node SDK, `baseUrl` of the browser SDK. */
  readonly apiUrl: string;
  /** Secret of Authsignal's Server API: `apiSecretKey` of the Node SDK. */
  readonly apiSecretKey: string;
  /** Id of the Authsignal tenant, for browsers and apps. */
  readonly tenantId: string;
  /** Secret of Authsignal's Management API. */
  readonly managementSecretKey: string;
  /** Secret of the tenant's terminals. */
  readonly terminalSecretKey: string;
  /** Activeconnect's or IAMPASS's application. */
  readonly applicationId: string;
  readonly applicationSecret: string;
  /**
   * Environment variables for an application that reads its settings there, as the vendors' examples do. Authsignal's SDKs read
   * none: pass them `apiUrl`.
   */
  readonly env: Record<string, string>;
  readonly clock: Clock;
  readonly inbox: Inbox;
  readonly journal: Journal;
  /** Passes the challenge of the user's newest action that waits for one, or of this action. */
  succeedChallenge(userId: string, action?: string): Promise<void>;
  /** Fails the challenge of the user's newest action that waits for one, or of this action. */
  failChallenge(userId: string, action?: string): Promise<void>;
  /** Opens a registration link of Activeconnect or IAMPASS on the simulated phone of its user. */
  registerPhone(link: string): Promise<void>;
  /** Approves the user's newest request of Activeconnect or IAMPASS, on the simulated phone. */
  approveOnPhone(userId: string): Promise<void>;
  /** Denies the user's newest request of Activeconnect or IAMPASS, on the simulated phone. */
  denyOnPhone(userId: string): Promise<void>;
  /**
   * Plans what goes wrong with the tenant's next requests, such as `faults({ operation: "track", status: 503 })`. The faults
   * replace those that are planned; none at all takes them back. The control API lists what a fault can be.
   */
  faults(...faults: (object | object[])[]): Promise<void>;
  /**
   * Plans what happens next in the tenant, such as `scenarios({ userId: "ada", outcome: "BLOCK" })`. The scenarios replace
   * those that are planned; none at all takes them back. The control API lists what a scenario can be.
   */
  scenarios(...scenarios: (object | object[])[]): Promise<void>;
  /**
   * Checks which requests the tenant got, such as `verify({ pattern: { operation: "track" }, exactly: 1 })`, or a list. With
   * `inOrder`, each comes after the one before it; with `nothingElse`, no other one came. Other tenants' requests do not
   * count. If it is not so, it rejects with the nearest request and how it differs.
   */
  verify(expected: object | object[], how?: { inOrder?: boolean; nothingElse?: boolean }): Promise<void>;
  /**
   * Sets where the tenant's events go, such as `webhooks({ url, events: ["email.created"] })`. Without `events`, all go there.
   * The webhooks replace those of before; none at all ends them.
   */
  webhooks(...webhooks: (object | object[])[]): Promise<void>;
  /**
   * The events that the mock has sent or will send, newest first, with `type`, `progress` and `attempts`. Many events are sent
   * after the answer to the application. With `settled`, this waits until every one that is due has been sent.
   */
  deliveries(how?: { settled?: boolean }): Promise<any[]>;
  /**
   * Calls any operation of the control API about this tenant, such as `control("GET", "/_mock/actions?limit=5")`. The call
   * names the tenant where the operation takes one and you name none. A `fetch` of a path below `url` is about the whole mock,
   * with the tenants of other tests.
   */
  control(method: string, path: string, body?: object, query?: Record<string, string | number | boolean | undefined>): Promise<any>;
  /** Removes the tenant from the mock. */
  delete(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** What a tenant begins with. */
export interface TenantOptions {
  /** A tenant in the form of a seed file. */
  seed?: object;
  /** What the desk shows. A mock that runs with `--deterministic` makes ids and secrets of it. */
  name?: string;
}

/** A mock that runs. */
export interface Mock {
  readonly url: string;
  /** Environment variables by which other processes find this mock. */
  readonly env: Record<string, string>;
  /** A tenant with a clock, inbox and journal of its own. */
  createTenant(options?: TenantOptions): Promise<Tenant>;
  /**
   * A tenant that is there already, by its id at either vendor or by its name, such as `mock.tenant("mock-app")`. It is for an
   * application that runs beside the mock. Credentials of a vendor where it is not are empty. Nothing here deletes it, unless
   * you call its `delete`.
   */
  tenant(name: string): Promise<Tenant>;
  /** Stops the program, if this process has started it. */
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** The mock that `STEPUP_MOCK_URL` names, or else a new one on a free port, with these arguments. */
export function startMock(options?: { args?: string[] }): Promise<Mock>;

/** Something is wrong with the mock, or with how it is called. */
export class MockError extends Error {}
/** There is no program to start. */
export class MockNotFound extends MockError {}
/** The mock could not start, has stopped, or is not at its URL. */
export class MockUnreachable extends MockError {}
/** The mock refused a call of its control API. */
export class Refused extends MockError {
  readonly status: number;
}
/** No message came to the inbox in time. */
export class NoMessage extends MockError {}
