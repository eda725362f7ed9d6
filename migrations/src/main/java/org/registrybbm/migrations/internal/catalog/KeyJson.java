package org.registrybbm.migrations.internal.catalog;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.model.Key;

/** Reads and writes keys as the JSON arrays that the tables hold; {@code [7]} and {@code ["7"]} are the same key. */
public final class KeyJson {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private KeyJson() {}

    public static @Nullable Key read(@Nullable String json) {
        if (json == null) {
            return null;
        }
        List<String> values = new ArrayList<>();
        parse(json).forEach(value -> values.add(value.asText()));
        return values.isEmpty() ? null : new Key(values);
    }

    public static @Nullable String write(@Nullable Key key) {
        return key == null ? null : text(key.values());
    }

    /** Reads a JSON object of column values. */
    public static JsonNode parse(String json) {
        try {
            return MAPPER.readTree(json);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("the database returned invalid JSON: " + json, e);
        }
    }

    static String text(Object value) {
        try {
            return MAPPER.writeValueAsString(value);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Reads a key from the columns that {@link KeyColumns#selected} selects. */
    public static Key of(ResultSet row, KeyColumns columns) throws SQLException {
        List<String> values = new ArrayList<>();
        for (int i = 0; i < columns.columns().size(); i++) {
            values.add(row.getString("k" + i));
        }
        return new Key(values);
    }
}
