package org.registrybbm.migrations;

import com.fasterxml.jackson.databind.JsonNode;
import java.sql.Connection;

/**
 * What a work function gets.
 *
 * @param connection the sub-batch's transaction; it refuses to commit, roll back and close
 * @param table the table, quoted for SQL: {@code public."Weird ""Name"}
 * @param column the migration's column, quoted for SQL
 * @param batch the rows to change
 * @param arguments the migration's JSON arguments; an empty object where it has none
 */
public record WorkContext(Connection connection, String table, String column, Batch batch, JsonNode arguments) {}
