/** A proxy on loopback that lets nothing through and remembers who was asked for: the clients get it as theirs. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface NoNetwork {
  /** What makes programs use it. */
  env: Record<string, string>;
  /** Each host that a client tried to reach. */
  asked: Set<string>;
  close(): void;
}

export async function refuseNetwork(): Promise<NoNetwork> {
  const asked = new Set<string>();
  const proxy = createServer((request, response) => {
    asked.add(URL.parse(request.url ?? "")?.host ?? "?");
    response.writeHead(403).end();
  });
  proxy.on("connect", (request, socket) => {
    asked.add(request.url ?? "?");
    socket.on("error", () => {});
    socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`; // listens on TCP, so it is no pipe's name
  const loopback = "127.0.0.1,localhost,::1";
  const env = {
    HTTP_PROXY: url,
    HTTPS_PROXY: url,
    http_proxy: url,
    https_proxy: url,
    NO_PROXY: loopback,
    no_proxy: loopback,
  };
  return {
    env,
    asked,
    close: () => {
      proxy.close();
      proxy.closeAllConnections();
    },
  };
}
