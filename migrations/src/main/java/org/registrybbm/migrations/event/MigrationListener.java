package org.registrybbm.migrations.event;

/**
 * Is told what happens on this replica, for logs, metrics and alarms. It is called after the commit, in the thread that runs the batch job
 * or makes the plan, so it should return quickly. That thread may hold a connection of the engine's pool meanwhile, so a listener should not wait for
 * another one of the same pool. An exception that it throws is logged and has no other effect.
 */
@FunctionalInterface
public interface MigrationListener {
    /**
     * Handles one event.
     *
     * @param event what happened
     */
    void on(MigrationEvent event);
}
