// What ESLint checks, and where. Knows nothing of how it is run.

const DESK = "mock-server/src/http/desk";

/**
 * The configuration of ESLint.
 * @param {{ configs: { recommended: object } }} js the package @eslint/js
 * @param {Record<"browser" | "node", Record<string, boolean>>} globals the package globals
 */
export default function rules(js, globals) {
  return [
    { linterOptions: { reportUnusedDisableDirectives: "error", reportUnusedInlineConfigs: "error" } },
    js.configs.recommended,
    {
      rules: {
        "array-callback-return": "error",
        "complexity": ["error", 12],
        "consistent-this": "error",
        "curly": ["error", "multi-line"],
        "default-param-last": "error",
        "eqeqeq": "error",
        "max-lines-per-function": ["error", 60],
        "no-alert": "error",
        "no-console": "error",
        "no-duplicate-imports": "error",
        "no-eval": "error",
        "no-implicit-coercion": "error",
        "no-implied-eval": "error",
        "no-loop-func": "error",
        "no-new-func": "error",
        "no-param-reassign": "error",
        "no-promise-executor-return": "error",
        "no-restricted-properties": ["error", ...["innerHTML", "outerHTML", "insertAdjacentHTML"].map((property) =>
          ({ property, message: "Data gets into a page as text, never as markup." }))],
        "no-throw-literal": "error",
        "no-unused-expressions": "error",
        "no-unused-vars": ["error", { caughtErrors: "all" }],
        "no-use-before-define": ["error", { functions: false, variables: false }],
        "no-var": "error",
        "object-shorthand": "error",
        "prefer-const": "error",
        "prefer-template": "error",
        "require-await": "error",
      },
    },
    { files: ["mock-server/src/**", "client/examples/**"], languageOptions: { globals: globals.browser } },
    { files: ["mock-server/packages/**"], languageOptions: { globals: globals.node } },
    { files: ["bin", "example", "pack.mjs", "tests"].map((part) => `mock-server/packages/*/{${part},${part}/**}`), rules: { "no-console": "off" } },
    // Functions that run in the page are written in these, too.
    { files: ["tests/**"], languageOptions: { globals: { ...globals.node, ...globals.browser } }, rules: { "no-console": "off" } },
    {
      // What decides must not know the page: its unit tests run without one.
      files: [`${DESK}/model/**`],
      languageOptions: {
        globals: Object.fromEntries(Object.keys(globals.browser).map((name) => [name, name === "URL" || "off"])),
      },
      rules: { "no-restricted-imports": ["error", { patterns: [{ group: ["../*"], message: "model/ imports only model/." }] }] },
    },
  ];
}
