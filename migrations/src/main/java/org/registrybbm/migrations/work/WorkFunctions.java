package org.registrybbm.migrations.work;

/**
 * Brings an application's work functions to a registry where none can be handed over by code, such as in a {@code quartz.properties}.
 * Implementations have a public constructor without parameters.
 */
@FunctionalInterface
public interface WorkFunctions {
    /**
     * Registers the work functions.
     *
     * @param registry holds the shipped ones already
     */
    void register(WorkRegistry.Builder registry);
}
