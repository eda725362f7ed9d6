/**
 * Holds the configuration file: what a deployer may set, with ranges and defaults.
 *
 * <p>How single values are read and checked is in {@code internal.config}.
 */
@NullMarked
package org.registrybbm.app.config;

import org.jspecify.annotations.NullMarked;
