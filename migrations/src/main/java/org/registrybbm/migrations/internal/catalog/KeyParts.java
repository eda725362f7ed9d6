package org.registrybbm.migrations.internal.catalog;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.model.Key;

/**
 * Splits a range of a key of several columns into parts that do not overlap. The range from (1, 5) to (4, 8) becomes the rest of 1, all of
 * 2 and 3, and the beginning of 4. The leading columns that have the same value at both ends appear in each part.
 *
 * @param after the key before the range; null if the range has no beginning
 * @param through the last key of the range
 */
record KeyParts(
        List<Column> columns, String qualifier, @Nullable Key after, Key through) {
    /** Returns the conditions, in the order of the key. */
    List<String> parts() {
        int common = common();
        int last = columns.size() - 1;
        if (common > last) {
            return List.of("false");
        }
        if (after != null && common < last && !areApart(common, after)) {
            // The two may be equal, and then the rest of one value and the beginning of the other are not two parts.
            return List.of(Stream.of(
                            same(through, common), compareRest(common, ">", after), compareRest(common, "<=", through))
                    .filter(condition -> !condition.isEmpty())
                    .collect(Collectors.joining(" AND ")));
        }
        List<String> parts = new ArrayList<>();
        if (after != null) {
            for (int i = last; i > common; i--) {
                parts.add(same(after, i) + " AND " + compare(i, ">", after));
            }
        }
        String end = compare(common, common == last ? "<=" : "<", through);
        parts.add(Stream.of(same(through, common), after == null ? "" : compare(common, ">", after), end)
                .filter(condition -> !condition.isEmpty())
                .collect(Collectors.joining(" AND ")));
        for (int i = common + 1; i <= last; i++) {
            parts.add(same(through, i) + " AND " + compare(i, i == last ? "<=" : "<", through));
        }
        return parts;
    }

    /** Returns how many leading columns have the same value at both ends. */
    private int common() {
        int common = 0;
        while (after != null
                && common < columns.size()
                && after.values().get(common).equals(through.values().get(common))) {
            common++;
        }
        return common;
    }

    private boolean areApart(int column, Key start) {
        return columns.get(column)
                .tellsApart(start.values().get(column), through.values().get(column));
    }

    /** Returns the condition that the columns from this one on compare with those of a key. */
    private String compareRest(int first, String operator, Key key) {
        return IntStream.range(first, columns.size())
                        .mapToObj(i -> qualifier + columns.get(i).quoted())
                        .collect(Collectors.joining(", ", "(", ")"))
                + " " + operator + " "
                + IntStream.range(first, columns.size())
                        .mapToObj(i -> columns.get(i).literal(key.values().get(i)))
                        .collect(Collectors.joining(", ", "(", ")"));
    }

    /** Returns the condition that the first columns have the values of a key; an empty text for no columns. */
    private String same(Key key, int columnCount) {
        return Stream.iterate(0, i -> i + 1)
                .limit(columnCount)
                .map(i -> compare(i, "=", key))
                .collect(Collectors.joining(" AND "));
    }

    private String compare(int column, String operator, Key key) {
        Column one = columns.get(column);
        return qualifier + one.quoted() + " " + operator + " "
                + one.literal(key.values().get(column));
    }
}
