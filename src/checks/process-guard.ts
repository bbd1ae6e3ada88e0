/**
 * The shell script that stands between the server and a program. It leads a session of its own and ends its whole group
 * when its standard input closes, which happens when the server dies, however it dies. No word of a definition is part of
 * the script: the program and its arguments come as the shell's arguments.
 *
 * Arguments: the mark, then the program and its arguments. Standard output carries what the program prints, standard
 * error one line when it has ended: its exit code. The guard stays until it reads a line, so that its group cannot become
 * another's in the meantime, and then ends the group with itself.
 *
 * - The pipe to `cat` is there because the server's end is a socket, which a program cannot open as /dev/stderr.
 * - Asynchronous lists read /dev/null, therefore the server's pipe is kept as descriptor 3; the program gets neither it
 *   nor descriptor 4.
 * - What is trapped, not ignored, is as it was for the program; so a program may signal its group, as scripts do at exit.
 * - The subshell redirects for the program alone; else some shells would print "Killed" among its output.
 * - Only the program bears the mark: ending what bears it leaves the guard, which still passes on what was printed.
 */
export function guardScript(mark: string): string {
  return `exec 3<&0 4>&2 </dev/null 2>/dev/null
trap : HUP INT QUIT TERM
{ trap '' HUP INT QUIT TERM; read -r line <&3 || kill -KILL -$$; } >/dev/null 4>&- &
watcher=$!
attempt=$1
shift
{
  trap : HUP INT QUIT TERM
  (export ${mark}="$attempt"; exec "$@") 2>&1 3<&- 4>&-
  echo $? >&4
} 3<&- | { trap '' HUP INT QUIT TERM; PATH=$PATH:/bin:/usr/bin; exec cat 3<&- 4>&-; }
exec >/dev/null 4>&-
wait $watcher
kill -KILL -$$`;
}
