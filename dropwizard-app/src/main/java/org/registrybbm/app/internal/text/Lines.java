package org.registrybbm.app.internal.text;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Breaks text into lines that fit a terminal. */
public final class Lines {
    private Lines() {}

    /**
     * Breaks a sentence between its words, and a word only if it is longer than a line.
     *
     * @param text the sentence
     * @param indent what each line begins with
     * @param width the longest line, with the indent
     */
    public static List<String> wrapped(String text, String indent, int width) {
        return broken(text, indent, indent, "", width);
    }

    /**
     * Breaks a command so that a shell still reads it as one: each line but the last ends in a backslash. Within a word the next line has no
     * indent, as that would become part of it. Between quotes there is no such way, so a command with an odd name stays one line.
     *
     * @param command the command
     * @param indent what its first line begins with; the others are indented more
     * @param width the longest line
     */
    public static List<String> command(String command, String indent, int width) {
        return command.contains("'")
                ? List.of(indent + command)
                : broken(command, indent, " ".repeat(indent.length() + 2), "\\", width);
    }

    private static List<String> broken(String text, String first, String further, String end, int width) {
        List<String> lines = new ArrayList<>();
        StringBuilder line = new StringBuilder(first);
        boolean empty = true;
        for (String word : text.strip().split("\\s+")) {
            int room = width - line.length() - (empty ? 0 : 1) - (end.isEmpty() ? 0 : end.length() + 1);
            if (!empty && word.length() > room) {
                lines.add(line + (end.isEmpty() ? "" : " " + end));
                line = new StringBuilder(further);
                empty = true;
            }
            line.append(empty ? "" : " ");
            String rest = word;
            int most = Math.max(1, width - line.length() - end.length());
            while (rest.length() > most) {
                lines.add(line + rest.substring(0, most) + end);
                rest = rest.substring(most);
                line = new StringBuilder(end.isEmpty() ? further : "");
                most = Math.max(1, width - line.length() - end.length());
            }
            line.append(rest);
            empty = false;
        }
        lines.add(line.toString());
        return lines;
    }

    /**
     * Returns the first lines of a text. If there are more, the last one says how many.
     *
     * @param most how many lines at most, 2 or more
     */
    public static List<String> first(String text, int most) {
        List<String> all = text.lines().toList();
        if (all.size() <= most || most < 2) {
            return all;
        }
        return Stream.concat(all.stream().limit(most - 1L), Stream.of("and " + (all.size() - most + 1) + " more lines"))
                .toList();
    }
}
