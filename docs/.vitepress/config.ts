import { transformerTwoslash } from "@shikijs/vitepress-twoslash";
import { createFileSystemTypesCache } from "@shikijs/vitepress-twoslash/cache-fs";
import { fileURLToPath } from "node:url";
import { defineConfig, type DefaultTheme, type UserConfig } from "vitepress";
import { groupIconMdPlugin, groupIconVitePlugin } from "vitepress-plugin-group-icons";
import llms from "vitepress-plugin-llms";
import { slugOf } from "../../scripts/site/markdown.js";
import { codePlugin, linkPlugin } from "./markdown-plugins.js";
import { sidebar } from "./pages.js";
import ts from "typescript";

const CACHE = fileURLToPath(new URL("cache/twoslash", import.meta.url));

/** The longest type that is shown, in characters. */
const HOVER_LENGTH_MAX = 500;

/** Compiles the code of guides and shows its types. Its types are those of a newer Shiki, and it runs with the one of VitePress. */
const twoslash = transformerTwoslash({
  typesCache: createFileSystemTypesCache({ dir: CACHE }),
  twoslashOptions: {
    // The types of some clients take whole screens, and megabytes.
    filterNode: (node) => node.type !== "hover" || node.text.length < HOVER_LENGTH_MAX,
    compilerOptions: {
      target: ts.ScriptTarget.ES2023,
      lib: ["lib.es2023.d.ts", "lib.es2024.string.d.ts", "lib.esnext.disposable.d.ts"],
      types: ["node"],
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      strict: true,
      skipLibCheck: true,
    },
  },
}) as never;

const config: UserConfig<DefaultTheme.Config> = defineConfig({
  title: "Stowage",
  description: "Uploaded files in several stores: none is lost when one of the stores fails.",
  cleanUrls: true,
  lastUpdated: false,
  srcExclude: ["node_modules/**"],
  markdown: {
    anchor: { slugify: slugOf },
    codeTransformers: [twoslash],
    config(md) {
      md.use(groupIconMdPlugin);
      md.use(linkPlugin);
      md.use(codePlugin);
    },
  },
  vite: {
    plugins: [groupIconVitePlugin(), llms({ ignoreFiles: ["reference/api/**", "decisions/**"] })],
    // Pages are text: shaking them takes a third of the build, and saves nothing.
    build: { rollupOptions: { treeshake: false } },
  },
  themeConfig: {
    search: { provider: "local" },
    nav: [
      { text: "Start", link: "/guide/start" },
      { text: "Which composer?", link: "/guide/choose" },
      { text: "Stores", link: "/stores/" },
      { text: "Migrate", link: "/migrate/" },
      { text: "Reference", link: "/reference/api/" },
    ],
    sidebar: sidebar(),
    outline: [2, 3],
  },
});

export default config;
