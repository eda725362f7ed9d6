package org.registrybbm.app.internal.text;

import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Formats a table as lines of aligned text, with a rule below the headings. */
public final class TextTable {
    private static final String GAP = " | ";
    private static final String NONE = "-";

    private final List<List<String>> rows = new ArrayList<>();
    private final List<String> headings;

    /** Creates a table without rows. */
    public TextTable(String... headings) {
        this.headings = List.of(headings);
    }

    /** Returns a cell for a time, to the second. */
    public static String at(@Nullable Instant instant) {
        return instant == null ? NONE : instant.truncatedTo(ChronoUnit.SECONDS).toString();
    }

    /** Returns a length of time in its two greatest units, such as {@code 2 h 05 min}. */
    public static String length(Duration length) {
        long seconds = length.toSeconds();
        if (seconds < 60) {
            return seconds + " s";
        }
        if (seconds < 3_600) {
            return (seconds + 30) / 60 + " min";
        }
        long minutes = (seconds + 30) / 60;
        return minutes < 48 * 60
                ? "%d h %02d min".formatted(minutes / 60, minutes % 60)
                : "%d d %02d h".formatted(minutes / 1_440, minutes % 1_440 / 60);
    }

    /** Returns a cell for a value that may not be there. */
    public static String of(@Nullable Object value) {
        return value == null ? NONE : value.toString();
    }

    /** Adds a row with one cell for each heading. */
    public void add(String... cells) {
        if (cells.length != headings.size()) {
            throw new IllegalArgumentException(cells.length + " cells for " + headings.size() + " headings");
        }
        rows.add(Stream.of(cells).map(Printable::of).toList());
    }

    @Override
    public String toString() {
        int[] widths = IntStream.range(0, headings.size()).map(this::width).toArray();
        StringBuilder text = new StringBuilder();
        text.append(line(headings, widths)).append('\n');
        text.append(IntStream.of(widths).mapToObj("-"::repeat).collect(Collectors.joining("-+-")))
                .append('\n');
        rows.forEach(row -> text.append(line(row, widths)).append('\n'));
        return text.toString();
    }

    private int width(int column) {
        int widest =
                rows.stream().mapToInt(row -> row.get(column).length()).max().orElse(0);
        return Math.max(widest, headings.get(column).length());
    }

    private static String line(List<String> cells, int[] widths) {
        String joined = IntStream.range(0, cells.size())
                .mapToObj(column -> cells.get(column)
                        + " ".repeat(widths[column] - cells.get(column).length()))
                .collect(Collectors.joining(GAP));
        return joined.stripTrailing();
    }
}
