/*
 * The API of Dialplane, typed by its own OpenAPI document: schema.d.ts, which `npm run generate`
 * makes. Whoever asks is a key, or an operator who has logged in.
 */
import createClient, { type Client, type Middleware } from "openapi-fetch";
import type { components, paths } from "./schema.js";

export type Schemas = components["schemas"];
export type Problem = Schemas["Problem"];
export type Who = paths["/session"]["get"]["responses"]["200"]["content"]["application/json"];

/** What was refused, and why: problem details (RFC 9457). */
export class ApiError extends Error {
  override readonly name = "ApiError";

  constructor(
    readonly status: number,
    readonly problem: Problem,
    /** What the audit log and the server's own log know the request by. */
    readonly requestId: string | null,
    /** Seconds after which it may be tried again; null: it is not said. */
    readonly retryAfter: number | null,
  ) {
    super(problem.detail ?? problem.title);
  }

  /** Sentences by JSON pointers into what was sent: "/number", "/create/3/number". */
  get faults(): ReadonlyMap<string, string> {
    return new Map((this.problem.errors ?? []).map((fault) => [fault.pointer ?? "", fault.detail ?? ""]));
  }
}

export interface ApiOptions {
  /** Where the API is, "https://pbx.example.com"; none: where the page is from. */
  server?: string;
  /** Without a key the browser's session counts: `login`, `resume`. */
  key?: string;
  fetch?: (request: Request) => Promise<Response>;
}

export interface Api {
  /** Any operation: `api.http.GET("/domains/{domain}/users", …)`. Refusals are thrown. */
  http: Client<paths>;
  login(name: string, password: string, code?: string): Promise<Who>;
  /** Who has logged in before in this browser; ApiError with status 401: nobody. */
  resume(): Promise<Who>;
  logout(): Promise<void>;
}

/** What was read or made, and the version of it for If-Match. */
export interface Answer<T> {
  data: T;
  tag: string | null;
}

export async function answer<T>(
  asked: Promise<{ data?: T; response: Response }>,
): Promise<Answer<NonNullable<T>>> {
  const { data, response } = await asked;

  if (data === undefined || data === null)
    throw new TypeError(`${response.url} has answered with nothing`);
  return { data, tag: response.headers.get("ETag") };
}

async function problemOf(response: Response): Promise<Problem> {
  const isProblem = response.headers.get("Content-Type")?.startsWith("application/problem+json");

  if (isProblem) return (await response.json()) as Problem;
  /* A proxy, say, which knows nothing of the API. */
  return { type: "about:blank", title: response.statusText || "Refused", status: response.status };
}

async function errorOf(response: Response): Promise<ApiError> {
  const retryAfter = Number(response.headers.get("Retry-After") ?? "none");

  return new ApiError(
    response.status,
    await problemOf(response),
    response.headers.get("X-Request-Id"),
    Number.isFinite(retryAfter) ? retryAfter : null,
  );
}

const READS = ["GET", "HEAD"];

export function createApi(options: ApiOptions = {}): Api {
  const { server = "", key, fetch } = options;
  const http = createClient<paths>({ baseUrl: `${server}/api/v1`, ...(fetch ? { fetch } : {}) });
  /* Kept in memory only: a page of another site can neither read nor make it. */
  let csrf: string | undefined;

  const guard: Middleware = {
    onRequest({ request }) {
      if (key) request.headers.set("Authorization", `Bearer ${key}`);
      else if (csrf && !READS.includes(request.method)) request.headers.set("X-CSRF-Token", csrf);
      return request;
    },
    async onResponse({ response }) {
      if (!response.ok && response.status !== 304) throw await errorOf(response);
      return response;
    },
  };
  http.use(guard);

  async function entered(asked: Promise<{ data?: Who; response: Response }>): Promise<Who> {
    const who = (await answer(asked)).data;

    csrf = who.csrf_token;
    return who;
  }

  return {
    http,
    login: (name, password, code) =>
      entered(http.POST("/session", { body: { name, password, ...(code ? { code } : {}) } })),
    resume: () => entered(http.GET("/session")),
    async logout() {
      await http.DELETE("/session");
      csrf = undefined;
    },
  };
}
