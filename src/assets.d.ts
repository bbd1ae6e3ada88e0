/** Text files that the bundler embeds (`import … with { type: "text" }`). */
declare module "*.sql" {
  const text: string;
  export default text;
}

declare module "*.css" {
  const text: string;
  export default text;
}
