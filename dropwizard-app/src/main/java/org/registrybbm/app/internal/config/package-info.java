/** How the configuration file is read and checked: environment variables, ranges, the file in the jar. */
@NullMarked
package org.registrybbm.app.internal.config;

import org.jspecify.annotations.NullMarked;
