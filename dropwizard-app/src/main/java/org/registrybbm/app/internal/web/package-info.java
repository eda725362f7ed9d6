/** What page, API and stream have in common as servlets: how they are mounted, bodies that are small and in time, headers, and problems. */
@NullMarked
package org.registrybbm.app.internal.web;

import org.jspecify.annotations.NullMarked;
