// Bundles the portal into dist/: index.html, portal.js, portal.css. CMake puts them into the binary.
import { build } from "esbuild";
import { copyFile, mkdir, rm } from "node:fs/promises";

const here = new URL(".", import.meta.url).pathname;
await rm(here + "dist", { recursive: true, force: true });
await mkdir(here + "dist");
await build({
  entryPoints: { portal: here + "src/main.tsx" },
  outdir: here + "dist",
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  jsx: "automatic",
  define: { "process.env.NODE_ENV": '"production"' },
  legalComments: "none",
  logLevel: "warning",
});
for (const file of ["index.html", "icon.svg"]) await copyFile(here + "src/" + file, here + "dist/" + file);
