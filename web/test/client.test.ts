/* The client against a running `dialplane serve`. tests/web/ starts one and says where it is. */
import assert from "node:assert/strict";
import test from "node:test";
import { ApiError, answer, createApi } from "../src/api/client.js";

function given(name: string): string {
  const value = process.env[name];

  assert(value, `${name} is not said`);
  return value;
}

const server = given("API_SERVER");
const path = { domain: "a.test" };
const byKey = createApi({ server, key: given("API_KEY") });

async function refused(asked: Promise<unknown>, status: number): Promise<ApiError> {
  const error = await asked.then(
    () => assert.fail("this was not refused"),
    (reason: unknown) => reason,
  );

  assert(error instanceof ApiError, String(error));
  assert.equal(error.status, status);
  assert(error.requestId);
  return error;
}

test("a row is made, listed, changed by one of two, and deleted", async () => {
  const users = "/domains/{domain}/users";
  const user = "/domains/{domain}/users/{id}";
  const made = await answer(
    byKey.http.POST(users, { params: { path }, body: { username: "web", password: "long enough" } }),
  );
  assert.equal(made.data.username, "web");
  assert.equal(made.data.max_calls, 10);
  assert(made.tag && made.data.id);

  const list = await answer(
    byKey.http.GET(users, { params: { path, query: { "username.like": "we*", fields: "id,username" } } }),
  );
  assert.deepEqual(list.data.items, [{ id: made.data.id, username: "web" }]);
  assert.equal(list.data.next, null);

  const one = { path: { ...path, id: made.data.id } };
  const change = (tag: string, display_name: string) =>
    byKey.http.PATCH(user, {
      params: { ...one, header: { "If-Match": tag } },
      body: { display_name },
    });
  const changed = await answer(change(made.tag, "Web"));
  assert.equal(changed.data.display_name, "Web");
  assert.notEqual(changed.tag, made.tag);
  const late = await refused(change(made.tag, "Late"), 412);
  assert.match(late.message, /changed since/);
  assert.equal((await answer(byKey.http.GET(user, { params: one }))).data.display_name, "Web");

  await byKey.http.DELETE(user, { params: one });
  await refused(byKey.http.GET(user, { params: one }), 404);
});

test("every fault is told by its place", async () => {
  const error = await refused(
    byKey.http.POST("/domains/{domain}/users/batch", {
      params: { path },
      body: { create: [{ username: "a b", password: "short" }, { username: "fine", password: "long enough" }] },
    }),
    422,
  );
  assert.deepEqual([...error.faults.keys()], ["/create/0/username", "/create/0/password"]);
  assert.equal(error.faults.get("/create/0/password"), "password: has 8 to 128 characters.");
  assert.equal(error.problem.field, "username");
});

test("what there is one of", async () => {
  const settings = "/domains/{domain}/recording-settings";
  const before = await answer(byKey.http.GET(settings, { params: { path } }));
  assert.equal(before.data.format, null);
  const after = await answer(
    byKey.http.PATCH(settings, { params: { path }, body: { format: "opus", keep_days: 30 } }),
  );
  assert.deepEqual(after.data, { format: "opus", keep_days: 30, encrypt: null });
  await byKey.http.DELETE(settings, { params: { path } });
});

test("a wrong key", async () => {
  const nobody = createApi({ server, key: "dpk_0000000000000000_wrong" });

  await refused(nobody.http.GET("/domains"), 401);
});

/* What a browser does with cookies. */
function browser(): (request: Request) => Promise<Response> {
  const jar = new Map<string, string>();

  return async (request) => {
    request.headers.set("Cookie", [...jar].map(([name, value]) => `${name}=${value}`).join("; "));
    const response = await fetch(request);

    for (const cookie of response.headers.getSetCookie()) {
      const [name = "", value = ""] = cookie.split(";", 1)[0]?.split("=") ?? [];

      if (/Max-Age=0/.test(cookie)) jar.delete(name);
      else jar.set(name, value);
    }
    return response;
  };
}

test("an operator logs in, writes with the token, and logs out", async () => {
  const cookies = browser();
  const api = createApi({ server, fetch: cookies });
  const write = (client: typeof api) =>
    client.http.POST("/domains/{domain}/conferences", {
      params: { path, query: { dry_run: true } },
      body: { name: "by session" },
    });

  await refused(api.resume(), 401);
  await refused(api.login(given("OPERATOR"), "a wrong password"), 401);
  const who = await api.login(given("OPERATOR"), given("OPERATOR_PASSWORD"));
  assert.equal(who.role, "tenant-admin");
  assert.equal((await answer(write(api))).data.name, "by session");

  /* Another page of the same browser: without the token nothing is written. */
  const again = createApi({ server, fetch: cookies });
  await refused(write(again), 403);
  assert.equal((await again.resume()).id, who.id);
  assert.equal((await answer(write(again))).data.name, "by session");

  await again.logout();
  await refused(api.http.GET("/domains"), 401);
});

/* Never run: that types are those of the document, and refuse what it has not. */
export function wrongUses(): void {
  // @ts-expect-error there is no such path
  void byKey.http.GET("/domains/{domain}/nothing", { params: { path } });
  // @ts-expect-error calls are counted in numbers
  void byKey.http.POST("/domains/{domain}/users", { params: { path }, body: { username: "x", password: "y", max_calls: "3" } });
  // @ts-expect-error a password is needed
  void byKey.http.POST("/domains/{domain}/users", { params: { path }, body: { username: "x" } });
  // @ts-expect-error a path has its variables
  void byKey.http.GET("/domains/{domain}/users/{id}", { params: { path } });
  // @ts-expect-error a user is not read as a number
  void answer(byKey.http.GET("/domains")).then(({ data }): number => data.items);
  // @ts-expect-error one of its words
  void byKey.http.PATCH("/domains/{domain}/recording-settings", { params: { path }, body: { format: "mp3" } });
}
