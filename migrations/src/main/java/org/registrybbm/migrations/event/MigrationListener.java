package org.registrybbm.migrations.event;

/**
 * Hears what happens on this replica: for logs, metrics, alarms. Called by the worker's own thread after the commit, so it
 * should be quick; what it throws is logged and changes nothing.
 */
@FunctionalInterface
public interface MigrationListener {
    /**
     * Hears one event.
     *
     * @param event what happened
     */
    void on(MigrationEvent event);
}
