// Makes the types of the API from its document, which the program itself prints.
//
//   npm run generate                     with ../build/src/cmd/dialplane
//   npm run generate -- /usr/bin/dialplane
//   npm run generate -- https://pbx.example.com/api/v1/openapi.json
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import openapiTS, { astToString } from "openapi-typescript";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const source = process.argv[2] ?? here("../../build/src/cmd/dialplane");
const text = /^https?:/.test(source)
  ? await (await fetch(source)).text()
  : execFileSync(source, ["openapi"], { encoding: "utf8", maxBuffer: 64 << 20 });

// A field with a default may be left out of what is sent.
const types = await openapiTS(JSON.parse(text), { defaultNonNullable: false });
writeFileSync(here("../src/api/schema.d.ts"), astToString(types));
