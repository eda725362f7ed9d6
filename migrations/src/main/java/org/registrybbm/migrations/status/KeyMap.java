package org.registrybbm.migrations.status;

import java.util.List;

/**
 * Where in the range of its integer key a migration has been: the range, cut into cells of the same number of keys.
 *
 * @param first the first key
 * @param last the last key
 * @param cells what is in each cell, from the first to the last key
 */
public record KeyMap(long first, long last, List<Cell> cells) {
    /** Copies the list. */
    public KeyMap {
        cells = List.copyOf(cells);
    }

    /** What is in a cell. A cell that holds several kinds shows the one that is named first here. */
    public enum Cell {
        /** A batch job there failed. */
        FAILED,
        /** A replica works there now. */
        AT_WORK,
        /** A batch job there has not been finished, and nobody works on it now. */
        OPEN,
        /** All keys up to here are done. */
        DONE,
        /** Nobody has been there yet. */
        TO_DO;

        /** Returns the word that programs see. */
        public String word() {
            return name().toLowerCase(java.util.Locale.ROOT);
        }
    }
}
