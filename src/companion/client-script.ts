// What the container with the database's own image runs, and the pipes that it is asked by. Room: companion (pure).

/**
 * sh alone, as every image has it. A request is the name of a script in the directory; its exit code goes back beside that
 * name. The reply pipe stays open as long as this runs, so that the other side hears of its end whatever ends it; a tool does
 * not get it, or would keep it open.
 */
export const CLIENT_SCRIPT = `trap 'exit 0' TERM
exec 3>replies
while IFS= read -r request; do
  sh "./$request" >output 2>errors 3>&-
  echo "$request $?" >&3
done <requests
`;

/** Names of the pipes. */
export const PIPES = ['requests', 'replies', 'input', 'output'] as const;
