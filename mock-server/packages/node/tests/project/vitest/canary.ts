// One of a thousand tests at once, each with a tenant, a clock and faults of its own.

import { expect, test } from "stepup-mock/vitest";

import { challenged, page, user as userOf } from "./story.js";

/** Each does all that a test does, and checks that it sees only what it has done itself. */
export function canaries(from: number, to: number) {
  const numbers = Array.from({ length: to - from }, (_, index) => from + index);
  test.concurrent.for(numbers)("canary %i is alone", async (number, { stepup }) => {
    const [user, email] = [`canary-${number}`, `canary-${number}@example.com`];
    const now = new Date(Date.UTC(2030, 0, 1 + number));
    // Within the ten minutes that the action waits for its challenge.
    const seconds = 1 + (number % 500);
    const later = new Date(now.getTime() + seconds * 1000);
    await stepup.clock.freeze(now);
    const { authsignal, token } = await challenged(stepup, user, email);
    await page(stepup, token, "challenge/email-otp");
    expect(await stepup.inbox.waitFor(undefined, { timeout: 60_000 })).toMatchObject({ to: email, createdAt: now });
    await stepup.clock.advance({ seconds });
    await stepup.succeedChallenge(user);
    expect((await authsignal.validateChallenge({ token })).isValid).toBe(true);

    // Every second one has a fault that its neighbours must not meet.
    const fails = number % 2 === 1;
    if (fails) await stepup.faults({ operation: "get_user", status: 503, headers: { "Retry-After": String(number) } });
    const answer = await userOf(stepup, user);
    expect([answer.status, answer.headers.get("retry-after")]).toEqual(fails ? [503, String(number)] : [200, null]);

    expect((await stepup.inbox.messages()).map(({ to }) => to)).toEqual([email]);
    expect(await stepup.clock.now()).toEqual(later);
    const { users } = await stepup.control("GET", "/_mock/users");
    expect(users.map(({ userId }: { userId: string }) => userId)).toEqual([user]);
    const journal = await stepup.journal.requests();
    expect(journal.map(({ operation, at }) => [operation, at])).toEqual([
      ["enroll_verified_authenticator", now],
      ["track", now],
      ["challenge_email_otp", now],
      ["validate_challenge", later],
      ["get_user", later],
    ]);
  });
}
