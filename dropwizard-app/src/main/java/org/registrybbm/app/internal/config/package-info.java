/** Reads and checks the configuration file: environment variables, ranges, and the file in the jar. */
@NullMarked
package org.registrybbm.app.internal.config;

import org.jspecify.annotations.NullMarked;
