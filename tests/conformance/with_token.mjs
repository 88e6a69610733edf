// Preloaded into the conformance suite, which has no option for headers: every request it makes carries the token of $MCP_TOKEN.
// One dispatcher serves both Node's fetch and the suite's own undici; nothing else about a request changes.
import { createRequire } from "node:module";

const { getGlobalDispatcher, setGlobalDispatcher } = createRequire(process.env.MCP_CONFORMANCE)("undici");
const name = "authorization";
const value = `Bearer ${process.env.MCP_TOKEN}`;

setGlobalDispatcher(
  getGlobalDispatcher().compose((dispatch) => (options, handler) => {
    const headers = Array.isArray(options.headers) ? [...options.headers, name, value] : { ...options.headers, [name]: value };
    return dispatch({ ...options, headers }, handler);
  }),
);

// The scenario on header names and values writes its requests with node:http itself.
const http = createRequire(import.meta.url)("node:http");
const request = http.request;
http.request = (...given) => {
  const outgoing = request(...given);
  outgoing.setHeader(name, value);
  return outgoing;
};
