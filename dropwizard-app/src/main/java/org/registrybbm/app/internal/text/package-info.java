/**
 * What people read and write: tables for a terminal, JSON, messages of errors, and the parsing of what they give.
 *
 * <p>Commands and tasks share it; it asks the engine nothing.
 */
@NullMarked
package org.registrybbm.app.internal.text;

import org.jspecify.annotations.NullMarked;
