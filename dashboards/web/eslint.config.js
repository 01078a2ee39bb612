// Rules for the dashboard and its tests. Layout is prettier's; what may import what is in tests/lint/layers.toml.
import js from "@eslint/js";
import reactHooks from "eslint-plugin-react-hooks";
import tseslint from "typescript-eslint";

const globals = (...names) => Object.fromEntries(names.map((name) => [name, "readonly"]));

export default tseslint.config(
  { ignores: ["dist", "node_modules"] },
  { linterOptions: { reportUnusedDisableDirectives: "error" } },
  js.configs.recommended,
  {
    files: ["src/**/*.{ts,tsx}", "tests/**/*.ts"],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: new URL(".", import.meta.url).pathname },
    },
    plugins: { "react-hooks": reactHooks },
    rules: {
      eqeqeq: ["error", "always", { null: "ignore" }], // `== null` is null or undefined
      "react-hooks/rules-of-hooks": "error",
      "react-hooks/exhaustive-deps": "error",
      "@typescript-eslint/consistent-type-imports": "error",
    },
  },
  {
    files: ["**/*.{js,mjs}", "*.ts"],
    languageOptions: {
      globals: globals(
        "Buffer",
        "URL",
        "URLSearchParams",
        "console",
        "process",
        "setInterval",
        "clearInterval",
        "setTimeout",
        "clearTimeout",
      ),
    },
  },
  {
    // They hand functions to the page, where these are.
    files: ["browser_tests/*.mjs"],
    languageOptions: {
      globals: globals(
        "DOMMatrix",
        "document",
        "getComputedStyle",
        "innerWidth",
        "navigator",
        "performance",
        "requestAnimationFrame",
      ),
    },
  },
);
