// Without the mock of a whole run: each file starts one.
export default { test: { include: ["*.vitest.js"] } };
