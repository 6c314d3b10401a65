export default {
  test: { globalSetup: ["stepup-mock/vitest-setup"], include: ["vitest/*.test.ts"], maxConcurrency: 64, testTimeout: 60_000 },
};
