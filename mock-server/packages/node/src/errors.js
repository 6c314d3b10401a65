// What can go wrong between a test and the mock.

/** Something is wrong with the mock, or with how it is called. */
export class MockError extends Error {
  name = "MockError";
}

/** There is no program to start. */
export class MockNotFound extends MockError {
  name = "MockNotFound";
}

/** The mock could not start, has stopped, or is not at its URL. */
export class MockUnreachable extends MockError {
  name = "MockUnreachable";
}

/** The mock refused a call of its control API. */
export class Refused extends MockError {
  name = "Refused";

  /**
   * @param {number} status
   * @param {string} message
   */
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** No message came to the inbox in time. */
export class NoMessage extends MockError {
  name = "NoMessage";
}
