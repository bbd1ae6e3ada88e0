/** `orchestrator dashboard`: the page for the database beside the servers that agents started, until it is told to end. */
import { terminalSettings } from "../config.ts";
import { type Command, DEFINITIONS, type Options, STATE, type Words, withApp } from "./command.ts";
import { openBrowser } from "./open-browser.ts";

const PAGE = {
  port: { type: "string", value: "PORT", help: "Port of 127.0.0.1 to listen on (else any free one)" },
  "no-open": { type: "boolean", help: "Print the link alone; open no browser" },
} satisfies Options;

export const dashboard: Command = {
  name: "dashboard",
  summary: "Open the page that shows all runs, to follow and to steer them",
  arguments: "",
  options: { ...DEFINITIONS, ...STATE, ...PAGE },
  run: async (words, { print, complain, stop }) => {
    const values: Words["values"] = { port: "0", ...words.values };
    return withApp({ ...words, values }, stop, async (app) => {
      const listening = await app.servePage(stop);
      if ("refused" in listening) {
        complain(listening.refused);
        return 1;
      }
      const opens = values["no-open"] !== true;
      const url = listening.invite({ ownUser: opens }); // every user can read what programs are started with
      print(url);
      const fault = !opens ? null : await openBrowser(url, terminalSettings().env);
      complain(`${fault ?? "The link lets one browser in, once."} Ctrl-C ends the page.`);
      await listening.ended;
      return 0;
    });
  },
};
