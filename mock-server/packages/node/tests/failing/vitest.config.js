export default { test: { globalSetup: ["stepup-mock/vitest-setup"], include: ["*.vitest.js"] } };
