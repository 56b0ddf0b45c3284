// Writes the guide pages that each package carries. Part of `build`.
import { writePackagePages } from "./site/package-pages.js";

await writePackagePages();
