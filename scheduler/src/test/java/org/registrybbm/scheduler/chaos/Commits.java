package org.registrybbm.scheduler.chaos;

import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Locale;
import java.util.Set;

/** Knows a COMMIT among the messages of one connection: a query, or the execution of a statement that was parsed under a name before. */
final class Commits {
    private final Set<String> statements = new HashSet<>();

    boolean isCommit(int type, byte[] body) {
        if (type == 'Q') {
            return isCommit(text(body, 0));
        }
        if (type == 'P') {
            String name = text(body, 0);
            if (isCommit(text(body, name.length() + 1))) {
                statements.add(name);
            } else {
                statements.remove(name);
            }
        }
        return type == 'B' && statements.contains(text(body, text(body, 0).length() + 1));
    }

    private static boolean isCommit(String sql) {
        return sql.strip().toUpperCase(Locale.ROOT).equals("COMMIT");
    }

    /** The zero-terminated text that begins there; only names and COMMIT matter, which are ASCII. */
    private static String text(byte[] body, int from) {
        int to = from;
        while (to < body.length && body[to] != 0) {
            to++;
        }
        return new String(body, from, to - from, StandardCharsets.ISO_8859_1);
    }
}
