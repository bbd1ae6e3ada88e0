/** A model that reports when it is asked and waits for permission: a call in flight for as long as a test wants. */
import { afterAll } from "bun:test";

const endpoints: { stop(force: boolean): unknown }[] = [];
afterAll(() => endpoints.map((server) => server.stop(true)));

/** It decides for the step "Two". */
export function slowModel() {
  const [called, go] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const verdict = { next_step_name: "Two", reasoning: "", updated_context: [], status_suggestion: null };
  const message = { role: "assistant", content: JSON.stringify(verdict) };
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    idleTimeout: 0,
    async fetch() {
      called.resolve();
      await go.promise;
      return Response.json({ choices: [{ message, finish_reason: "stop" }] });
    },
  });
  endpoints.push(server);
  return {
    env: { AI_SERVICE_ENDPOINT: `${server.url}v1`, AI_MODEL: "slow" },
    called: () => called.promise,
    go: () => go.resolve(),
  };
}
