package org.registrybbm.app.internal.page.view;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.registrybbm.migrations.status.MigrationOverview;
import org.registrybbm.migrations.status.Reason.Attention;

/** The migrations by for whom they are of interest: those that need somebody first. */
record Groups(Map<Attention, List<MigrationOverview>> all) {
    static Groups of(List<MigrationOverview> overviews) {
        Map<Attention, List<MigrationOverview>> groups = new EnumMap<>(Attention.class);
        for (Attention attention : Attention.values()) {
            groups.put(
                    attention,
                    overviews.stream()
                            .filter(one -> one.reason().code().attention() == attention)
                            .toList());
        }
        return new Groups(groups);
    }

    List<MigrationOverview> of(Attention attention) {
        return all.getOrDefault(attention, List.of());
    }

    /** Says how many there are of each. */
    String sentence() {
        int needs = of(Attention.NEEDS_YOU).size();
        return (needs == 0 ? "nothing needs you" : needs + (needs == 1 ? " needs you" : " need you")) + ", "
                + of(Attention.AT_WORK).size() + " at work, "
                + of(Attention.STANDING).size() + " standing, "
                + of(Attention.DONE).size() + " done";
    }

    static String title(Attention attention) {
        return switch (attention) {
            case NEEDS_YOU -> "Needs you";
            case AT_WORK -> "At work";
            case STANDING -> "Standing";
            case DONE -> "Done";
        };
    }

    /** The sign of a group, so that nobody has to tell colours apart. */
    static String sign(Attention attention) {
        return switch (attention) {
            case NEEDS_YOU -> "!";
            case AT_WORK -> "▶";
            case STANDING -> "–";
            case DONE -> "✓";
        };
    }
}
